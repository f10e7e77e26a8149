// Where people say what a good answer is. Three tasks: write it, choose it, or put it together from the best parts of several.
import { el, h, button, field, say, useEffect, useRef, useState, Empty, Failure } from './ui.js';
import { get, post, query, user } from './api.js';
import { percent } from './format.js';
import { Answer } from './message.js';
import { Combine } from './combine.js';

const TASKS = {
  ideal: { name: 'Write the ideal answer', keys: 'Ctrl-Enter submits · Alt-S skips', text: 'Write the answer you would have liked to get. It should be right, complete and no longer than needed. If you do not know the answer, skip: a guess does harm. The present answer is there to start from; change as much as you like.' },
  choose: { name: 'Choose between answers', keys: '1 … 9 choose · 0 none is good · Ctrl-Enter submits · Alt-S skips', text: 'Which answer would you rather have got? Being right counts most, then being helpful, then being short. Do not prefer an answer for its length or its politeness. If all are bad, say so.' },
  combine: { name: 'Combine the best parts', keys: '1 … 9 then letters take a sentence · Ctrl-Enter submits · Alt-S skips', text: 'Each answer may have something the others lack. Click a sentence to add it to your text, a paragraph sign to add all of it; then edit until it reads as one answer. Take only what is right.' },
};

const LABELLER = 'jackdaw.labeller', TASK = 'jackdaw.task';

export default function Label() {
  const [task, setTask] = useState(TASKS[localStorage.getItem(TASK)] ? localStorage.getItem(TASK) : 'ideal'), [labeller, setLabeller] = useState(localStorage.getItem(LABELLER) ?? user());
  const [item, setItem] = useState(undefined), [error, setError] = useState(null), [agreement, setAgreement] = useState(null), [done, setDone] = useState(0);
  const [value, setValue] = useState(null);
  const begun = useRef(0), skipped = useRef([]);
  const load = async () => {
    try {
      const found = await get('/jackdaw/labels/next' + query({ task, labeller, skip: skipped.current.join(',') }));
      const next = found?.item === undefined ? found : found.item;
      setItem(next?.id ? next : null);
      setValue(null);
      setError(null);
      begun.current = performance.now();
    } catch (failure) {
      if (failure.status === 404) setItem(null);
      else setError(failure);
    }
    get('/jackdaw/labels/agreement').then(setAgreement, () => {});
  };
  useEffect(() => { skipped.current = []; load(); }, [task, labeller]);
  const submit = async () => {
    if (!item || value == null) return;
    try {
      await post('/jackdaw/labels', { itemId: item.id, task, labeller, value, seconds: Math.round((performance.now() - begun.current) / 100) / 10 });
      setDone(done + 1);
      say('Thank you');
      await load();
    } catch (failure) {
      say(failure.message);
    }
  };
  const skip = () => {
    if (item) skipped.current.push(item.id);
    load();
  };
  useEffect(() => {
    const key = event => {
      if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
        event.preventDefault();
        submit();
      } else if (event.altKey && event.key.toLowerCase() === 's') {
        event.preventDefault();
        skip();
      }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });
  const about = TASKS[task], Task = { ideal: Ideal, choose: Choose, combine: Combine }[task];
  return el.div({ class: 'page' },
    el.header({ class: 'page-head' }, el.h1('Label'), el.span({ class: 'gap' }), el.label({ class: 'inline' }, 'You are', el.input({ value: labeller, 'aria-label': 'Your name as labeller', maxLength: 60, onChange: event => { const name = event.currentTarget.value.trim() || user(); localStorage.setItem(LABELLER, name); setLabeller(name); } }))),
    el.div({ class: 'tabs', role: 'tablist' }, Object.entries(TASKS).map(([key, each]) => el.button({ key, type: 'button', role: 'tab', 'aria-selected': key === task, onClick: () => { localStorage.setItem(TASK, key); setTask(key); } }, each.name))),
    el.details({ class: 'instructions', open: done === 0 }, el.summary('Instructions'), el.p(item?.instructions ?? about.text), el.p({ class: 'hint' }, about.keys)),
    error && h(Failure, { error, retry: load }),
    item === null && h(Empty, { title: 'Nothing left to label here' }, el.p('New work comes from answers that people disliked or that a check flagged. Another task may have some.')),
    item && el.div({ class: 'item' }, h(Conversation, { item }), h(Task, { key: item.id, item, onValue: setValue }),
      el.div({ class: 'row submit' }, button('Submit', submit, { class: 'primary', disabled: value == null }), button('Skip', skip), el.span({ class: 'gap' }), el.span({ class: 'hint' }, done ? `${done} done now` : ''))),
    agreement && h(Agreement, { agreement }));
}

const textOf = value => typeof value === 'string' ? value : value?.text ?? value?.content ?? '';
export const candidatesOf = item => (item.candidates ?? item.answers ?? []).map(textOf);

function Conversation({ item }) {
  return el.section({ class: 'transcript', 'aria-label': 'Conversation' }, (item.messages ?? []).map((message, i) => el.div({ key: i, class: `turn ${message.role}` }, el.h3(message.role), el.p({ class: 'said' }, textOf(message.content)))));
}

function Ideal({ item, onValue }) {
  const first = textOf(item.answer) || candidatesOf(item)[0] || '';
  const [text, setText] = useState(first);
  const set = value => { setText(value); onValue(value.trim() ? { text: value.trim() } : null); };
  useEffect(() => { if (first.trim()) onValue({ text: first.trim() }); }, []);
  return field('The ideal answer', el.textarea({ rows: 12, value: text, onInput: event => set(event.currentTarget.value) }));
}

function Choose({ item, onValue }) {
  const candidates = candidatesOf(item), [choice, setChoice] = useState(null);
  const pick = index => { setChoice(index); onValue({ choice: index }); };
  useEffect(() => {
    const key = event => {
      if (/^[0-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey && !event.target.closest('input, textarea')) {
        const index = +event.key - 1;
        if (index < candidates.length) pick(index);
      }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });
  return el.div(el.div({ class: 'candidates', role: 'radiogroup', 'aria-label': 'Answers' }, candidates.map((text, i) => el.div({ key: i, class: `candidate${choice === i ? ' chosen' : ''}` },
    button(`Answer ${i + 1}`, () => pick(i), { role: 'radio', 'aria-checked': choice === i, class: choice === i ? 'primary' : '' }), h(Answer, { content: text, tokens: [], live: false, label: `Answer ${i + 1}` })))),
  button('None is good', () => pick(-1), { role: 'radio', 'aria-checked': choice === -1, class: choice === -1 ? 'primary' : '' }));
}

function Agreement({ agreement }) {
  const tasks = agreement.tasks ?? agreement;
  const rows = (Array.isArray(tasks) ? tasks : Object.entries(tasks).map(([task, value]) => ({ task, ...value }))).filter(row => row && typeof row === 'object' && row.task);
  if (!rows.length) return null;
  const number = value => typeof value === 'number' ? value.toFixed(2) : '';
  return el.section({ class: 'card agreement' }, el.h2('Agreement between labellers'),
    el.table(el.thead(el.tr(['Task', 'Labels', 'Labellers', 'By more than one', 'Agree', 'Alpha'].map(name => el.th({ key: name }, name)))),
      el.tbody(rows.map(row => el.tr({ key: row.task }, el.td(TASKS[row.task]?.name ?? row.task), el.td(row.labels ?? ''), el.td(row.labellers ?? ''), el.td(row.items ?? row.pairs ?? ''),
        el.td(typeof row.agreement === 'number' ? percent(row.agreement) : ''), el.td(number(row.alpha ?? row.kappa)))))));
}
