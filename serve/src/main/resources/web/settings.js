// The panel at the right: what the model is told first, and how its words are chosen.
import { el, h, iconButton, button, field } from './ui.js';
import { SAMPLING } from './session.js';

export function Settings({ conversation, onClose, onChange }) {
  const sampling = conversation.sampling;
  const set = (key, text) => {
    const number = text === '' ? null : Number(text);
    if (number === null || Number.isFinite(number)) {
      if (number === null) delete sampling[key];
      else sampling[key] = number;
      onChange();
    }
  };
  return el.aside({ class: 'settings', 'aria-label': 'System prompt and sampling' },
    el.header(el.h2('This chat'), iconButton('close', 'Close', onClose)),
    field('System prompt', el.textarea({ rows: 5, value: conversation.system, placeholder: 'What the model is told before the conversation', onInput: event => { conversation.system = event.currentTarget.value; onChange(); } })),
    el.h3('Sampling'),
    el.p({ class: 'hint' }, 'What is empty is left to the model.'),
    SAMPLING.map(each => h(Dial, { key: each.key, each, value: sampling[each.key], onSet: text => set(each.key, text) })),
    button('Back to the defaults', () => { conversation.sampling = {}; onChange(); }, { disabled: !Object.keys(sampling).length }));
}

/** A number with a slider where its range is small. */
export function Dial({ each, value, onSet }) {
  const slider = each.max <= 200;
  const id = 'dial-' + each.key;
  return el.div({ class: 'dial' },
    el.label({ for: id }, each.label), el.input({ id, type: 'number', min: each.min, max: each.max, step: each.step, value: value ?? '', placeholder: 'auto', onInput: event => onSet(event.currentTarget.value) }),
    slider && el.input({ type: 'range', class: value == null ? 'unset' : '', 'aria-label': each.label, min: each.min, max: each.max, step: each.step, value: value ?? (each.max <= 2 ? Math.min(1, each.max) : 40), onInput: event => onSet(event.currentTarget.value) }),
    el.span({ class: 'hint' }, each.hint));
}
