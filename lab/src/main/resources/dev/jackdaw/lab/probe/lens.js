"use strict";
(() => {
  const { tokens, rows } = JSON.parse(document.getElementById("lens-data").textContent);
  const table = document.getElementById("lens"), detail = document.getElementById("lens-detail"), colour = document.getElementById("lens-colour");
  const percent = p => (100 * p).toFixed(1) + "%";
  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const most = { entropy: Math.max(...rows.flat().map(c => c.entropy)) || 1, kl: Math.max(...rows.flat().map(c => c.kl)) || 1 };
  const shade = {
    top: c => c.top[0][1], final: c => c.final, next: c => c.next === null ? 0 : c.next,
    entropy: c => 1 - c.entropy / most.entropy, kl: c => 1 - Math.sqrt(c.kl / most.kl),
  };
  let chosen = null;
  const show = cell => {
    if (!cell || cell === chosen) return;
    if (chosen) chosen.classList.remove("chosen");
    chosen = cell;
    cell.classList.add("chosen");
    const row = cell.parentNode.sectionRowIndex, at = cell.cellIndex - 1, data = rows[row][at];
    const list = document.createElement("table");
    for (const [text, p] of data.top) {
      const line = list.insertRow();
      line.insertCell().textContent = percent(p);
      line.insertCell().textContent = text;
    }
    detail.replaceChildren(
      element("b", (row === 0 ? "The embedding alone" : row === rows.length - 1 ? "The whole model" : "After layer " + row) + ", at “" + tokens[at] + "” (position " + at + ")"),
      list,
      element("div", "What the model ends with: " + percent(data.final) + (data.next === null ? "" : " · what comes next, “" + tokens[at + 1] + "”: " + percent(data.next))),
      element("div", "Entropy " + data.entropy.toFixed(2) + " bits · " + data.kl.toFixed(2) + " bits (KL) from the model's prediction"));
  };
  for (const cell of table.querySelectorAll("td")) cell.removeAttribute("title");
  for (const event of ["mouseover", "focusin", "click"]) table.addEventListener(event, e => show(e.target.closest("td")));
  colour.addEventListener("change", e => {
    for (const cell of table.querySelectorAll("td")) {
      cell.style.setProperty("--a", shade[e.target.value](rows[cell.parentNode.sectionRowIndex][cell.cellIndex - 1]).toFixed(3));
    }
  });
  colour.hidden = detail.hidden = false;
  show(table.tBodies[0].lastElementChild.lastElementChild);
})();
