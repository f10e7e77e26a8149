// Training runs: the curve of a live one as it falls, its samples, and several runs in one chart.
import { el, h, useEffect, useRef, useState, Empty, Failure, usePolled } from './ui.js';
import { get, query } from './api.js';
import { count, duration, fixed, when } from './format.js';
import { Chart, smooth, thin } from './chart.js';

const EVERY = 2000, SILENT = 300_000;

/** `finished`, `running`, or `stopped`: not finished, but nothing has been written for five minutes. */
const state = run => run.finished ? 'finished' : run.changed != null && Date.now() - run.changed > SILENT ? 'stopped' : 'running';

export default function Training() {
  const [found, error, again] = usePolled(() => get('/jackdaw/runs'), EVERY);
  const runs = found?.runs ?? [];
  const [chosen, setChosen] = useState(null), [compared, setCompared] = useState([]), [x, setX] = useState('step');
  const focus = runs.find(run => run.name === chosen) ?? runs.find(run => state(run) === 'running') ?? runs[0];
  const names = focus ? [focus.name, ...compared.filter(name => name !== focus.name && runs.some(run => run.name === name))] : [];
  const metrics = useMetrics(runs, names);

  if (error && !found) return el.div({ class: 'page' }, h(Failure, { error, retry: again }));
  if (!found) return null;
  if (!runs.length) {
    return el.div({ class: 'page' }, h(Empty, { title: 'No training runs yet' }, el.p('Start one, and watch it here: ', el.code('jackdaw speedrun --minutes 10'))));
  }
  const toggle = name => setCompared(compared.includes(name) ? compared.filter(each => each !== name) : [...compared, name].slice(-5));
  return el.div({ class: 'page split' },
    el.aside({ class: 'run-list', 'aria-label': 'Runs' }, el.h1('Training'), el.ul(runs.map(run => el.li({ key: run.name, class: run === focus ? 'current' : '' },
      el.button({ type: 'button', class: 'run-name', onClick: () => setChosen(run.name), 'aria-current': run === focus ? 'true' : undefined },
        el.span({ class: `dot${state(run) === 'running' ? ' live' : ''}`, 'aria-hidden': 'true' }), el.span({ class: 'run-title' }, run.name),
        el.span({ class: 'hint' }, [run.kind, state(run) !== 'running' ? state(run) : `${Math.round(100 * (run.step ?? 0) / (run.steps || 1))}%`].filter(Boolean).join(' · '))),
      run !== focus && el.label({ class: 'compare' }, el.input({ type: 'checkbox', checked: compared.includes(run.name), onChange: () => toggle(run.name), 'aria-label': `Compare with ${run.name}` }), 'compare'))))),
    el.div({ class: 'run' }, h(Run, { run: focus, rows: metrics.get(focus.name) ?? [] }), error && h(Failure, { error }),
      el.div({ class: 'row chart-head' }, el.h2('Loss'), el.span({ class: 'gap' }), el.label({ class: 'inline' }, 'over', el.select({ value: x, 'aria-label': 'Horizontal axis', onChange: event => setX(event.currentTarget.value) },
        el.option({ value: 'step' }, 'steps'), el.option({ value: 'tokens' }, 'tokens'), el.option({ value: 'seconds' }, 'seconds')))),
      h(LossChart, { names, metrics, x }),
      el.h2({ class: 'chart-head' }, 'Held-out bits per byte'),
      h(HeldOutChart, { names, metrics, x }),
      h(Samples, { key: focus.name, run: focus })));
}

/** The lines of `metrics.jsonl` of each run; of a live one only what is new is asked for. */
function useMetrics(runs, names) {
  const [metrics, setMetrics] = useState(new Map());
  const latest = useRef();
  latest.current = { runs, names, metrics };
  useEffect(() => {
    let stopped = false, timer = 0;
    const go = async () => {
      const { runs, names, metrics } = latest.current, changed = new Map(metrics);
      let any = false;
      for (const name of names) {
        const rows = metrics.get(name) ?? [], run = runs.find(each => each.name === name), last = rows.length ? rows[rows.length - 1].step : null;
        if (last !== null && run?.finished && last >= run.step || document.hidden) continue;
        try {
          const more = await get(`/jackdaw/runs/${encodeURIComponent(name)}/metrics${query({ after: last })}`);
          const lines = Array.isArray(more) ? more : more.metrics ?? [];
          if (lines.length) {
            changed.set(name, [...rows.filter(row => row.step < lines[0].step), ...lines]);
            any = true;
          }
        } catch { /* the list of runs says what is wrong */ }
      }
      if (!stopped && any) setMetrics(changed);
      if (!stopped) timer = setTimeout(go, EVERY);
    };
    go();
    return () => { stopped = true; clearTimeout(timer); };
  }, [names.join('\n')]);
  return metrics;
}

function Run({ run, rows }) {
  const last = rows[rows.length - 1], held = rows.findLast(row => row.heldOutBitsPerByte != null);
  const step = Math.max(run.step ?? 0, last?.step ?? 0), steps = run.steps ?? 0;
  const recent = rows.slice(-20), pace = recent.length > 1 ? (recent[recent.length - 1].seconds - recent[0].seconds) / (recent[recent.length - 1].step - recent[0].step) : null;
  const facts = [
    ['Step', steps ? `${step} of ${steps}` : String(step)], ['Train loss', fixed(last?.trainLoss, 3)], ['Bits per byte', fixed(held?.heldOutBitsPerByte, 3)],
    ['Tokens', count(last?.tokens)], ['Tokens per second', count(last?.tokensPerSecond)],
    state(run) !== 'running' ? ['Took', duration(last?.seconds)] : ['Left, about', pace != null && steps ? duration(pace * (steps - step)) : ''],
  ];
  return el.section({ 'aria-label': `Run ${run.name}` },
    el.div({ class: 'row run-head' }, el.h2(run.name), el.span({ class: `state${state(run) === 'running' ? ' live' : ''}` }, state(run)), el.span({ class: 'hint' }, when(run.created))),
    steps > 0 && state(run) !== 'finished' && el.progress({ max: steps, value: step, 'aria-label': 'Progress' }),
    el.dl({ class: 'facts-grid' }, facts.filter(([, value]) => value !== '').map(([name, value]) => el.div({ key: name }, el.dt(name), el.dd(value)))));
}

function lineOf(name, colour, rows, x, key) {
  const kept = rows.filter(row => row[key] != null && row[x] != null);
  return { name, colour, xs: kept.map(row => row[x]), ys: kept.map(row => row[key]) };
}

function LossChart({ names, metrics, x }) {
  const lines = names.flatMap((name, i) => {
    const line = lineOf(name, i + 1, metrics.get(name) ?? [], x, 'trainLoss');
    const [xs, ys] = thin(line.xs, line.ys), [smoothX, smoothY] = thin(line.xs, smooth(line.ys, 0.95));
    return names.length === 1 ? [{ ...line, xs, ys, name: 'each step', thin: true }, { ...line, xs: smoothX, ys: smoothY, name: 'mean' }] : [{ ...line, xs: smoothX, ys: smoothY }];
  });
  return h(Chart, { lines, xLabel: x, yLabel: 'nats per token', label: `Train loss of ${names.join(', ')}` });
}

function HeldOutChart({ names, metrics, x }) {
  const lines = names.map((name, i) => lineOf(name, i + 1, metrics.get(name) ?? [], x, 'heldOutBitsPerByte'));
  if (!lines.some(line => line.xs.length)) return el.p({ class: 'hint' }, 'Not measured yet.');
  return h(Chart, { lines, xLabel: x, yLabel: 'bits per byte', height: 220, label: `Held-out bits per byte of ${names.join(', ')}` });
}

function Samples({ run }) {
  const [found] = usePolled(() => get(`/jackdaw/runs/${encodeURIComponent(run.name)}/samples`), run.finished ? 0 : 3 * EVERY, run.name);
  const samples = (Array.isArray(found) ? found : found?.samples ?? []).toReversed();
  if (!samples.length) return null;
  return el.section({ class: 'samples', 'aria-label': 'Samples' }, el.h2({ class: 'chart-head' }, 'What it writes'), el.p({ class: 'hint' }, 'The latest first.'),
    samples.slice(0, 12).map((sample, i) => el.details({ key: `${sample.step}-${i}`, open: i === 0 }, el.summary(`step ${sample.step}`, sample.prompt && el.span({ class: 'hint' }, ` after “${sample.prompt}”`)), el.pre(sample.text))));
}
