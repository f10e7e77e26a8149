// A line chart that follows its data, by uPlot. Colours come from the style sheet, also when the theme changes.
import { el, useEffect, useRef } from './ui.js';
import { charts } from './lazy.js';
import { count } from './format.js';

/** What a colour of the style sheet is just now. */
function colour(name) {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const MOST_POINTS = 1500;

/** At most so many points, each the mean of its neighbours. */
export function thin(xs, ys) {
  if (xs.length <= MOST_POINTS) return [xs, ys];
  const step = xs.length / MOST_POINTS, outX = [], outY = [];
  for (let i = 0; i < MOST_POINTS; i++) {
    const from = Math.floor(i * step), to = Math.max(from + 1, Math.floor((i + 1) * step));
    let sum = 0;
    for (let j = from; j < to; j++) sum += ys[j];
    outX.push(xs[to - 1]);
    outY.push(sum / (to - from));
  }
  return [outX, outY];
}

/** The mean of what came before, weighing the latest most. */
export function smooth(ys, share) {
  let mean = 0, weight = 0;
  return ys.map(y => {
    mean = share * mean + (1 - share) * y;
    weight = share * weight + (1 - share);
    return mean / weight;
  });
}

/** @param lines `[{name, xs, ys, colour: 1…6, thin}]`; @param label what the whole shows, for those who do not see it */
export function Chart({ lines, xLabel, yLabel, height = 300, label }) {
  const root = useRef(), now = useRef(null);
  useEffect(() => {
    let gone = false;
    const shape = JSON.stringify([lines.map(each => [each.name, each.colour, each.thin]), xLabel, yLabel]);
    const build = async () => {
      const uPlot = await charts();
      if (gone || !root.current) return;
      const data = lines.length ? uPlot.join(lines.map(each => [each.xs, each.ys])) : [[], []];
      if (now.current?.shape === shape) {
        now.current.plot.setData(data);
        return;
      }
      now.current?.plot.destroy();
      const axis = { stroke: colour('--faint'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif', labelFont: '12px system-ui, sans-serif', labelSize: 20 };
      const plot = new uPlot({
        width: Math.max(200, root.current.clientWidth), height,
        scales: { x: { time: false } },
        cursor: { y: false, points: { size: 6 } },
        legend: { live: true },
        axes: [{ ...axis, size: 30, label: xLabel, labelSize: 16, values: (_, values) => values.map(count) }, { ...axis, label: yLabel, size: 48 }],
        series: [{ label: xLabel, value: (_, x) => x == null ? '' : count(x) }, ...lines.map(each => ({
          label: each.name, stroke: colour(`--series-${each.colour}`), width: each.thin ? 1 : 2, alpha: each.thin ? 0.35 : 1, spanGaps: true, points: { show: (plot, i) => plot.data[i].length < 3 }, value: (_, y) => y == null ? '' : y.toFixed(3),
        }))],
      }, data, root.current);
      now.current = { plot, shape };
    };
    build();
    const resized = new ResizeObserver(() => now.current && root.current && now.current.plot.setSize({ width: Math.max(200, root.current.clientWidth), height }));
    resized.observe(root.current);
    const themed = () => { if (now.current) now.current.shape = ''; build(); };
    addEventListener('themechange', themed);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', themed);
    return () => { gone = true; resized.disconnect(); removeEventListener('themechange', themed); dark.removeEventListener('change', themed); };
  });
  useEffect(() => () => now.current?.plot.destroy(), []);
  return el.div({ class: 'chart', ref: root, role: 'img', 'aria-label': label });
}
