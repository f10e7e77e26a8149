// Where people say what a good answer is. Three tasks: write it, choose it, or put it together from the best parts of several.
import { el, h, button, field, say, useEffect, useLayoutEffect, useRef, useState, Empty, Failure } from './ui.js';
import { get, post, query, user } from './api.js';
import { percent } from './format.js';
import { Answer } from './message.js';
import { Combine } from './combine.js';

const TASKS = {
  ideal: { name: 'Write the ideal answer', keys: 'Ctrl-Enter submits · Alt-S skips' },
  choose: { name: 'Choose between answers', keys: '1 … 9 choose · 0 none is acceptable · Ctrl-Enter submits · Alt-S skips' },
  combine: { name: 'Combine the best parts', keys: 'Click a sentence to take it, ¶ to take the paragraph; or type the number of an answer, then a letter for a sentence · Ctrl-Enter submits · Alt-S skips' },
};

const LABELLER = 'jackdaw.labeller', TASK = 'jackdaw.task';

export default function Label() {
  const [task, setTask] = useState(TASKS[localStorage.getItem(TASK)] ? localStorage.getItem(TASK) : 'ideal'), [labeller, setLabeller] = useState(localStorage.getItem(LABELLER) ?? user());
  const [item, setItem] = useState(undefined), [error, setError] = useState(null), [agreement, setAgreement] = useState(null), [done, setDone] = useState(0);
  const [ready, setReady] = useState(false), [instructions, setInstructions] = useState('');
  const begun = useRef(0), value = useRef(null);                      // the value is needed at once, also before the view is drawn anew
  const setValue = what => { value.current = what; setReady(what !== null); };
  const load = async () => {
    try {
      const found = await get('/jackdaw/labels/next' + query({ task, labeller }));
      setItem(found.item ? found : null);
      setInstructions((found.instructions ?? '').replace(/(\S)\n(?=[a-z])/g, '$1 '));
      setValue(null);
      setError(null);
      begun.current = performance.now();
    } catch (failure) {
      setError(failure);
    }
    get('/jackdaw/labels/agreement').then(setAgreement, () => {});
  };
  useEffect(() => { load(); }, [task, labeller]);
  const send = async what => {
    if (!item || what == null) return;
    try {
      await post('/jackdaw/labels', { item: item.item, labeller, ...what, seconds: Math.round((performance.now() - begun.current) / 100) / 10 });
      if (!what.skip) setDone(done + 1);
      await load();
    } catch (failure) {
      say(failure.message);
    }
  };
  const submit = () => send(value.current), skip = () => send({ skip: true });
  useLayoutEffect(() => {
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
    el.details({ class: 'instructions', open: done === 0 }, el.summary('Instructions'), instructions && h(Answer, { key: task + instructions.length, content: instructions, tokens: [], live: false, label: 'Instructions' }), el.p({ class: 'hint' }, about.keys)),
    error && h(Failure, { error, retry: load }),
    item === null && h(Empty, { title: 'Nothing left to label here' }, el.p('New work comes from answers that people disliked or that a check flagged. Another task may have some.')),
    item && el.div({ class: 'item' }, h(Conversation, { item }), h(Task, { key: item.item, item, onValue: setValue }),
      el.div({ class: 'row submit' }, button('Submit', submit, { class: 'primary', disabled: !ready }), button('Skip', skip), el.span({ class: 'gap' }), el.span({ class: 'hint' }, done ? `${done} done now` : ''))),
    agreement && h(Agreement, { agreement }));
}

const textOf = value => typeof value === 'string' ? value : value?.text ?? value?.content ?? '';
export const candidatesOf = item => (item.candidates ?? []).map(textOf);

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
  const pick = index => { setChoice(index); onValue({ choice: index < 0 ? 'none' : index }); };
  useLayoutEffect(() => {
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
  if (!agreement.labels) return null;
  const number = value => typeof value === 'number' ? value.toFixed(2) : 'not yet';
  const facts = [['Labels', agreement.labels], ['Labellers', agreement.labellers], ['Items', agreement.items], ['Agreed', typeof agreement.agreed === 'number' ? percent(agreement.agreed) : 'not yet'],
    ['Krippendorff’s alpha', number(agreement.krippendorffsAlpha?.value)]];
  return el.section({ class: 'card agreement', 'aria-label': 'Agreement' }, el.h2('Agreement between labellers'), el.p({ class: 'hint' }, 'On choosing between answers; alpha is 1 for full agreement, 0 for chance.'),
    el.dl({ class: 'facts-grid' }, facts.map(([name, value]) => el.div({ key: name }, el.dt(name), el.dd(value)))),
    agreement.cohensKappa?.length > 0 && el.table(el.thead(el.tr(el.th('Pair'), el.th('Cohen’s kappa'), el.th('Items'))),
      el.tbody(agreement.cohensKappa.map(pair => el.tr({ key: pair.first + pair.second }, el.td(`${pair.first} and ${pair.second}`), el.td(number(pair.value)), el.td(pair.n))))));
}
