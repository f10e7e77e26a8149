// The chat view: the list of chats at the left, the path through one of them in the middle, its settings at the right.
import { el, h, iconButton, button, say, useEffect, useLayoutEffect, useRef, useState, Failure } from './ui.js';
import { get } from './api.js';
import { Session } from './session.js';
import { add, newConversation, path, show } from './tree.js';
import { all } from './store.js';
import { History } from './history.js';
import { Composer } from './composer.js';
import { UserMessage, AssistantMessage } from './message.js';
import { Settings } from './settings.js';
import { Duel } from './rating.js';

const LAST_MODEL = 'jackdaw.model', COLOURS = 'jackdaw.colours';

/** Names the chat in the address, if the chat is still what is shown. */
function address(conversation) {
  if (location.pathname === '/') history.replaceState(null, '', Object.keys(conversation.nodes).length ? '/#' + conversation.id : '/');
}

export default function Chat() {
  const [, setRound] = useState(0);
  const redraw = () => setRound(n => n + 1);
  const [list, setList] = useState([]);
  const [session, setSession] = useState(null);
  const [models, setModels] = useState(null);
  const [failure, setFailure] = useState(null);
  const [side, setSide] = useState(false), [panel, setPanel] = useState(false);
  const [colours, setColours] = useState(localStorage.getItem(COLOURS) === 'yes');
  const [editing, setEditing] = useState(null);
  const composer = useRef(), search = useRef(), thread = useRef(), atEnd = useRef(true);
  const sessions = useRef(new Map()), early = useRef(null);           // what was asked before the models were known

  const open = conversation => {
    if (!sessions.current.has(conversation.id)) sessions.current.set(conversation.id, new Session(conversation, redraw));
    const found = sessions.current.get(conversation.id);
    setSession(found);
    setEditing(null);
    atEnd.current = true;
    address(found.conversation);
  };
  const fresh = () => {
    const old = session?.conversation;
    setSide(false);
    if (!old || Object.keys(old.nodes).length) open(newConversation(localStorage.getItem(LAST_MODEL) ?? models?.[0]?.id ?? '', {}, ''));
    composer.current?.focus();
  };
  const refresh = async () => setList(await all());
  const loadModels = async () => {
    try {
      const [listed, known] = await Promise.all([get('/v1/models'), get('/jackdaw/models').catch(() => ({ models: [] }))]);
      setModels(listed.data.map(model => ({ ...model, ...known.models.find(each => each.id === model.id) })));
      setFailure(null);
    } catch (error) {
      setFailure(error);
    }
  };

  useEffect(() => {
    loadModels();
    all().then(found => {
      setList(found);
      open(found.find(each => each.id === location.hash.slice(1)) ?? newConversation(localStorage.getItem(LAST_MODEL) ?? '', {}, ''));
    });
    return () => { for (const each of sessions.current.values()) each.stop(); };
  }, []);
  useLayoutEffect(() => {                                             // a model that is no longer there gives way to the first, before anything can be asked
    if (session && models?.length && !models.some(model => model.id === session.conversation.model)) {
      session.conversation.model = models[0].id;
      redraw();
    }
    if (models && early.current) {
      const { text, files, two } = early.current;
      early.current = null;
      send(text, files, two);
    }
  }, [session, models]);
  useLayoutEffect(() => {
    const key = event => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setSide(true);
        search.current?.focus();
        setTimeout(() => search.current?.focus());                    // on a narrow page it cannot be seen before
      } else if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === 'o') {
        event.preventDefault();
        fresh();
      } else if (event.key === 'Escape' && !document.querySelector('dialog[open]')) {
        if (session?.busy) session.stop();
        else { setSide(false); setPanel(false); }
      }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });
  useLayoutEffect(() => {
    const box = thread.current;
    if (box && atEnd.current) box.scrollTop = box.scrollHeight;
  });

  if (!session) return null;
  const conversation = session.conversation, messages = path(conversation), last = messages[messages.length - 1];
  const duel = conversation.duel && conversation.leaf === conversation.duel.parent ? conversation.duel : null;
  const toggleColours = () => {
    localStorage.setItem(COLOURS, colours ? 'no' : 'yes');
    setColours(!colours);
  };
  const work = promise => {
    atEnd.current = true;
    address(conversation);
    refresh();
    promise.then(refresh);
  };
  const send = (text, files, two) => {
    if (session.busy || models && !conversation.model) {
      say(session.busy ? 'Wait for the answer, or stop it' : 'There is no model to ask');
      return false;
    }
    if (!models) {
      early.current = { text, files, two };
      return true;
    }
    delete conversation.duel;
    work(two ? twoAnswers(session, text, files) : session.say(conversation.leaf, text, files));
    return true;
  };
  const switchTo = node => {
    if (session.busy) return;
    show(conversation, node);
    session.save();
    redraw();
  };
  const again = (node, two) => {
    if (session.busy) return;
    work(two ? duelAt(session, node.parent) : session.answer(node.parent));
  };
  const edit = (node, text) => {
    setEditing(null);
    if (text !== null && !session.busy) work(session.say(node.parent, text, node.files ?? []));
  };
  const editLast = () => {
    const node = messages.findLast(each => each.role === 'user');
    if (node && !session.busy) setEditing(node.id);
  };
  const pickModel = id => {
    conversation.model = id;
    localStorage.setItem(LAST_MODEL, id);
    if (messages.length) session.save();
    redraw();
  };

  return el.div({ class: `chat${side ? ' side-open' : ''}${panel ? ' panel-open' : ''}` },
    h(History, {
      list, current: conversation.id, search, onOpen: each => { open(sessions.current.get(each.id)?.conversation ?? each); setSide(false); }, onNew: fresh, onChanged: async gone => {
        if (gone === conversation.id) open(newConversation(conversation.model, {}, ''));
        await refresh();
      }, onClose: () => setSide(false),
    }),
    el.div({ class: 'shade', onClick: () => { setSide(false); setPanel(false); } }),
    el.section({ class: 'talk', 'aria-label': 'Conversation' },
      el.div({ class: 'talk-head' },
        iconButton('menu', 'Chats', () => setSide(!side), { class: 'side-toggle', 'aria-expanded': side }),
        h(ModelPicker, { models, value: conversation.model, onChange: pickModel }),
        el.span({ class: 'gap' }),
        iconButton('words', colours ? 'Stop colouring words by surprise' : 'Colour words by surprise', toggleColours, { 'aria-pressed': colours }),
        iconButton('gear', 'System prompt and sampling', () => setPanel(!panel), { 'aria-expanded': panel })),
      el.div({
        class: `thread${colours ? ' colours' : ''}`, ref: thread, onScroll: event => {
          const box = event.currentTarget;
          atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
        },
      }, el.div({ class: 'column' },
        failure && h(Failure, { error: failure, retry: loadModels }),
        !messages.length && h(Welcome, { models, onPick: text => composer.current?.fill(text) }),
        messages.map(node => node.role === 'user'
          ? h(UserMessage, { key: node.id, node, conversation, switchTo, editing: editing === node.id, onEdit: () => !session.busy && setEditing(node.id), onEdited: text => edit(node, text) })
          : h(AssistantMessage, { key: node.id, node, conversation, session, switchTo, again, last: node === last, onBranch: (index, text) => session.busy ? say('Wait for the answer, or stop it') : work(session.branch(node, index, text)) })),
        duel && h(Duel, { session, duel, onDone: () => { refresh(); redraw(); } }))),
      h(Composer, { handle: composer, busy: session.busy, onSend: send, onStop: () => session.stop(), onEditLast: editLast, ready: models === null || models.length > 0 })),
    panel && h(Settings, { conversation, onClose: () => setPanel(false), onChange: () => { if (messages.length) session.save(); redraw(); } }));
}

/** Asks for two answers at once; which is better is asked when both are there. */
async function twoAnswers(session, text, files) {
  const conversation = session.conversation;
  const node = add(conversation, conversation.leaf, { role: 'user', content: text, files });
  await duelAt(session, node.id);
}

async function duelAt(session, parent) {
  const conversation = session.conversation, sampling = conversation.sampling;
  const seed = Number.isFinite(sampling.seed) ? sampling.seed : Math.floor(Math.random() * 1e9);
  const temperature = sampling.temperature === 0 ? { temperature: 0.8 } : {};                         // at 0 both would be the same
  conversation.leaf = parent;
  const before = new Set(Object.keys(conversation.nodes));
  const both = [0, 1].map(i => session.answer(parent, { more: { seed: seed + i, ...temperature }, visible: false }));
  const [a, b] = Object.keys(conversation.nodes).filter(id => !before.has(id));
  conversation.duel = { parent, a, b };
  session.changed();
  await Promise.all(both);
}

function ModelPicker({ models, value, onChange }) {
  if (!models) return el.span({ class: 'hint' }, 'looking for models …');
  if (!models.length) return el.span({ class: 'hint' }, 'no models');
  return el.select({ class: 'model-picker', 'aria-label': 'Model', value, onChange: event => onChange(event.currentTarget.value) },
    models.map(model => el.option({ key: model.id, value: model.id }, model.id + (model.hasTemplate === false ? ' (base model: see Dream)' : ''))));
}

const STARTERS = ['What does java.util.Optional do?', 'Write a haiku about a bird that collects shiny things.', 'Explain recursion to a ten-year-old.'];

function Welcome({ models, onPick }) {
  return el.div({ class: 'welcome' },
    el.img({ src: '/assets/icon.svg', alt: '', width: 56, height: 56 }),
    el.h1('What would you like to know?'),
    el.p({ class: 'hint' }, models && !models.length ? 'The server has no model: start it with one, as in jackdaw serve MODEL.' : 'Point at any word of an answer to see what else it might have been.'),
    el.div({ class: 'starters' }, STARTERS.map(text => button(text, () => onPick(text), { key: text }))));
}
