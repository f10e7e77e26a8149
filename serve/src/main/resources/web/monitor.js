// What was answered, what people and checks thought of it, and how it is forgotten again.
import { el, h, button, field, icon, say, useEffect, useState, Dialog, Empty, Failure } from './ui.js';
import { get, query, remove, user } from './api.js';
import { duration, when } from './format.js';
import { Answer } from './message.js';

const FLAGS = ['refusal', 'repetition', 'tool', 'schema', 'guard', 'latency', 'empty', 'length'];
const FLAG_NAMES = { tool: 'broken tool call', schema: 'does not fit its schema', latency: 'slow', length: 'cut off' };
const EMPTY = { rating: '', flag: '', model: '', text: '', since: '', until: '' };
const PAGE = 50;

export default function Monitor() {
  const [filter, setFilter] = useState(EMPTY), [answers, setAnswers] = useState(null), [next, setNext] = useState(null), [error, setError] = useState(null);
  const [chosen, setChosen] = useState(null), [privacy, setPrivacy] = useState(null), [models, setModels] = useState([]), [erasing, setErasing] = useState(false);
  const load = async before => {
    try {
      const day = (text, end) => text ? new Date(text + (end ? 'T23:59:59.999' : 'T00:00:00')).toISOString() : '';
      const found = await get('/jackdaw/answers' + query({ ...filter, since: day(filter.since, false), until: day(filter.until, true), limit: PAGE, before }));
      setAnswers(old => before ? [...old, ...found.answers] : found.answers);
      setNext(found.next ?? null);
      setError(null);
    } catch (failure) {
      setError(failure);
    }
  };
  useEffect(() => {
    const timer = setTimeout(() => load(), 200);
    return () => clearTimeout(timer);
  }, [JSON.stringify(filter)]);
  useEffect(() => {
    get('/jackdaw/privacy').then(setPrivacy, () => {});
    get('/v1/models').then(found => setModels(found.data), () => {});
  }, []);
  const set = (key, value) => setFilter(old => ({ ...old, [key]: value }));
  const choice = (key, name, options) => el.select({ 'aria-label': name, value: filter[key], onChange: event => set(key, event.currentTarget.value) }, el.option({ value: '' }, name), options.map(([value, text]) => el.option({ key: value, value }, text)));

  return el.div({ class: 'page' },
    el.header({ class: 'page-head' }, el.h1('Monitor'), privacy && h(PrivacyLine, { privacy }), el.span({ class: 'gap' }), button('Erase a user', () => setErasing(true), { icon: 'trash' })),
    el.div({ class: 'filters', role: 'search' },
      el.div({ class: 'search' }, icon('search'), el.input({ type: 'search', placeholder: 'Words in question or answer', 'aria-label': 'Words', value: filter.text, onInput: event => set('text', event.currentTarget.value) })),
      choice('rating', 'Any rating', [['down', 'thumbs down'], ['up', 'thumbs up'], ['none', 'not rated']]),
      choice('flag', 'All flags', [['any', 'some flag'], ...(privacy?.flags ?? FLAGS).map(flag => [flag, FLAG_NAMES[flag] ?? flag])]),
      choice('model', 'Any model', models.map(model => [model.id, model.id])),
      el.label({ class: 'inline' }, 'from', el.input({ type: 'date', value: filter.since, onInput: event => set('since', event.currentTarget.value) })),
      el.label({ class: 'inline' }, 'until', el.input({ type: 'date', value: filter.until, onInput: event => set('until', event.currentTarget.value) })),
      JSON.stringify(filter) !== JSON.stringify(EMPTY) && button('Clear', () => setFilter(EMPTY))),
    error && h(Failure, { error, retry: () => load() }),
    answers && !answers.length && h(Empty, { title: 'Nothing here' }, el.p('No stored answer fits. What is stored is the server’s choice: see above.')),
    answers?.length > 0 && el.ul({ class: 'answers' }, answers.map(each => el.li({ key: each.id }, el.button({ type: 'button', class: 'answer-row', onClick: () => setChosen(each) },
      el.span({ class: 'answer-when' }, when(each.created)), el.span({ class: 'answer-text' }, el.span({ class: 'question' }, lastQuestion(each)), el.span({ class: 'reply' }, textOf(each.answer))), h(Marks, { answer: each }))))),
    next && el.div({ class: 'row more' }, button('Show more', () => load(next))),
    chosen && h(Details, { answer: chosen, onClose: () => setChosen(null) }),
    erasing && h(Erase, { onClose: () => setErasing(false), onErased: () => load() }));
}

const textOf = value => typeof value === 'string' ? value : Array.isArray(value) ? value.map(part => part.text ?? '').join('') : value?.content != null ? textOf(value.content) : '';
const lastQuestion = answer => textOf((answer.messages ?? []).findLast(message => message.role === 'user')?.content);
const flagName = flag => FLAG_NAMES[flag.kind] ?? flag.kind;
const verdict = rating => rating.rating;

function Marks({ answer }) {
  return el.span({ class: 'marks' },
    (answer.ratings ?? []).map((rating, i) => el.span({ key: i, class: `mark ${verdict(rating)}`, title: rating.reason ?? '' }, icon(verdict(rating) === 'up' ? 'up' : 'down'), el.span({ class: 'mark-name' }, verdict(rating) === 'up' ? 'good' : 'bad'))),
    (answer.flags ?? []).map((flag, i) => el.span({ key: 'f' + i, class: 'mark flag', title: flag.detail ?? '' }, flagName(flag))));
}

function PrivacyLine({ privacy }) {
  return el.p({ class: 'hint privacy' }, `Privacy: ${privacy.stored}. ${privacy.description}`);
}

function Details({ answer, onClose }) {
  const [full, setFull] = useState(answer);
  useEffect(() => { get('/jackdaw/answers/' + encodeURIComponent(answer.id)).then(setFull, error => say(error.message)); }, [answer.id]);
  return h(Dialog, { title: `Answer of ${when(full.created)}`, onClose, wide: true },
    el.p({ class: 'hint' }, [full.model, full.latencyMillis != null && duration(full.latencyMillis / 1000), full.user && `user ${full.user}`, full.id].filter(Boolean).join(' · ')),
    h(Marks, { answer: full }),
    el.div({ class: 'transcript' }, (full.messages ?? []).map((message, i) => el.div({ key: i, class: `turn ${message.role}` }, el.h3(message.role), el.p({ class: 'said' }, textOf(message.content)))),
      el.div({ class: 'turn assistant' }, el.h3('answer'), h(Answer, { content: textOf(full.answer), tokens: [], live: false, label: 'Answer' }))),
    (full.flags ?? []).some(flag => flag.detail) && el.ul({ class: 'notes' }, full.flags.filter(flag => flag.detail).map((flag, i) => el.li({ key: i }, el.strong(flagName(flag)), ': ', flag.detail))),
    (full.ratings ?? []).length > 0 && el.div({ class: 'ratings' }, full.ratings.map((rating, i) => el.div({ key: i, class: 'turn' }, el.h3(verdict(rating) === 'up' ? 'rated good' : 'rated bad', rating.user ? ` by ${rating.user}` : ''),
      rating.reason && el.p(rating.reason), rating.correction && [el.p({ class: 'hint' }, 'Corrected answer'), el.p({ class: 'said' }, rating.correction)]))));
}

function Erase({ onClose, onErased }) {
  const [name, setName] = useState('');
  const erase = async () => {
    try {
      const { erased } = await remove('/jackdaw/users/' + encodeURIComponent(name.trim()));
      say(`${erased} records erased`);
      onErased();
      onClose();
    } catch (error) {
      say(error.message);
    }
  };
  return h(Dialog, { title: 'Erase a user', onClose },
    el.p('Everything that this user asked, and everything that was said about it, is erased from the server. It cannot be undone.'),
    field('User', el.input({ value: name, onInput: event => setName(event.currentTarget.value) }), 'As the client sent it. This browser is'), el.p(el.button({ type: 'button', class: 'link-button', onClick: () => setName(user()) }, user())),
    el.div({ class: 'row' }, button('Erase', erase, { class: 'danger', disabled: !name.trim() }), button('Cancel', onClose)));
}
