"use strict";
(() => {
  const { tokens } = JSON.parse(document.getElementById("attention-data").textContent), T = tokens.length;
  const large = document.getElementById("large"), looks = document.getElementById("looks"), reading = document.getElementById("reading");
  const size = Math.max(2, Math.min(20, Math.floor(560 / T))), labelled = size >= 10;
  const across = Object.assign(document.createElement("div"), { className: "across" }), down = Object.assign(document.createElement("div"), { className: "down" });
  const picture = document.createElement("img"), canvas = document.createElement("canvas");
  picture.width = picture.height = size * T;
  canvas.width = canvas.height = T;
  for (const token of tokens) {
    const a = document.createElement("span"), b = document.createElement("span"), c = document.createElement("span");
    a.textContent = b.textContent = labelled ? token : "";
    a.style.width = b.style.height = size + "px";
    c.textContent = token;
    across.append(a);
    down.append(b);
    looks.append(c);
  }
  large.append(across, down, picture);
  let weights = null, query = T - 1, button = null;
  const percent = p => (100 * p).toFixed(1) + "%";
  const weight = (i, j) => { const a = weights[4 * (i * T + j) + 3] / 255; return a * a; };
  const look = i => {
    query = i;
    [...looks.children].forEach((span, j) => {
      span.style.setProperty("--a", Math.sqrt(weight(i, j)).toFixed(3));
      span.classList.toggle("chosen", j === i);
      span.title = percent(weight(i, j));
    });
    [...down.children].forEach((span, j) => span.classList.toggle("chosen", j === i));
    const best = tokens.map((_, j) => j).sort((a, b) => weight(i, b) - weight(i, a)).slice(0, 5).filter(j => weight(i, j) > 0.01);
    reading.textContent = "“" + tokens[i] + "” looks at " + best.map(j => "“" + tokens[j] + "” " + percent(weight(i, j))).join(", ");
  };
  const choose = map => {
    if (button) button.classList.remove("chosen");
    button = map;
    button.classList.add("chosen");
    const image = map.querySelector("img");
    picture.src = image.src;
    picture.alt = image.alt;
    document.getElementById("head-name").textContent = image.alt;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.clearRect(0, 0, T, T);
    context.drawImage(image, 0, 0, T, T);
    weights = context.getImageData(0, 0, T, T).data;
    look(query);
  };
  const maps = [...document.querySelectorAll(".map")];
  maps.forEach(map => map.addEventListener("click", () => {
    choose(map);
    document.getElementById("head").scrollIntoView({ block: "nearest", behavior: "smooth" });
  }));
  looks.addEventListener("click", e => { const i = [...looks.children].indexOf(e.target); if (i >= 0) look(i); });
  looks.addEventListener("mouseover", e => { const i = [...looks.children].indexOf(e.target); if (i >= 0) look(i); });
  picture.addEventListener("mousemove", e => {
    const i = Math.floor(e.offsetY / size), j = Math.floor(e.offsetX / size);
    if (i < 0 || j < 0 || i >= T || j >= T) return;
    if (i !== query) look(i);
    [...across.children].forEach((span, k) => span.classList.toggle("chosen", k === j));
    reading.textContent = "“" + tokens[i] + "” (" + i + ") gives “" + tokens[j] + "” (" + j + ") " + percent(weight(i, j));
  });
  const first = maps[0].querySelector("img");
  document.getElementById("head").hidden = false;
  first.decode().then(() => choose(maps[0]));
})();
