// What people think of an answer: thumbs with a reason and a better answer, or which of two is better. It goes to the server, which stores
// what its setting allows.
import { el, h, iconButton, button, field, say, useState, Dialog } from './ui.js';
import { post, user } from './api.js';
import { requestMessages, show } from './tree.js';
import { AssistantMessage } from './message.js';

const REASONS = ['Wrong', 'Not what I asked', 'Made up', 'Too long', 'Too short', 'Refused', 'Harmful', 'Repeats itself'];

export function Rating({ node, conversation, session }) {
  const [open, setOpen] = useState(false);
  const send = async (rating, reason, correction) => {
    try {
      await post('/jackdaw/feedback', {
        answerId: node.answerId, model: node.model, messages: requestMessages(conversation, node.parent), answer: node.content, rating,
        ...(reason ? { reason } : {}), ...(correction ? { correction } : {}), user: user(),
      });
      node.rating = rating;
      setOpen(false);
      session.save();
      session.changed();
      say('Thank you, noted');
    } catch (error) {
      say(error.message);
    }
  };
  return [
    iconButton('up', 'Good answer', () => send('up'), { 'aria-pressed': node.rating === 'up' }),
    iconButton('down', 'Bad answer', () => setOpen(true), { 'aria-pressed': node.rating === 'down' }),
    open && h(BadAnswer, { node, onSend: (reason, correction) => send('down', reason, correction), onClose: () => setOpen(false) })];
}

function BadAnswer({ node, onSend, onClose }) {
  const [reasons, setReasons] = useState([]), [more, setMore] = useState(''), [correction, setCorrection] = useState(node.content);
  const toggle = reason => setReasons(reasons.includes(reason) ? reasons.filter(each => each !== reason) : [...reasons, reason]);
  const send = () => onSend([...reasons, more.trim()].filter(Boolean).join('; '), correction.trim() !== node.content.trim() ? correction.trim() : '');
  return h(Dialog, { title: 'What was wrong?', onClose, wide: true },
    el.div({ class: 'chips', role: 'group', 'aria-label': 'Reasons' }, REASONS.map(reason => button(reason, () => toggle(reason), { key: reason, class: 'chip', 'aria-pressed': reasons.includes(reason) }))),
    field('In your words', el.input({ value: more, onInput: event => setMore(event.currentTarget.value) })),
    field('A better answer', el.textarea({ rows: 9, value: correction, onInput: event => setCorrection(event.currentTarget.value) }), 'Change the text into what the answer should have been. It is what the model can learn from.'),
    el.div({ class: 'row' }, button('Send', send, { class: 'primary' }), button('Cancel', onClose)));
}

/** Two answers side by side, without saying which is which; one goes on. */
export function Duel({ session, duel, onDone }) {
  const conversation = session.conversation, a = conversation.nodes[duel.a], b = conversation.nodes[duel.b], ready = !a.live && !b.live;
  const choose = async choice => {
    const chosen = choice === 'b' ? b : a;
    delete conversation.duel;
    show(conversation, chosen);
    session.save();
    onDone();
    if (a.error || b.error) return;
    try {
      await post('/jackdaw/comparisons', { model: conversation.model, messages: requestMessages(conversation, duel.parent), a: a.content, b: b.content, choice, user: user() });
      say('Thank you, noted');
    } catch (error) {
      say(error.message);
    }
  };
  const side = (node, name) => el.section({ class: 'side', 'aria-label': `Answer ${name}` }, el.h3(`Answer ${name}`), h(AssistantMessage, { node, conversation, session, bare: true }),
    button(`${name} is better`, () => choose(name.toLowerCase()), { class: 'primary', disabled: !ready }));
  return el.div({ class: 'duel' }, el.div({ class: 'sides' }, side(a, 'A'), side(b, 'B')),
    el.div({ class: 'row' }, button('Equally good', () => choose('tie'), { disabled: !ready }), button('Neither is good', () => choose('neither'), { disabled: !ready })));
}
