// One message: what was said, and what can be done with it.
import { el, h, icon, iconButton, button, copy, useEffect, useLayoutEffect, useRef } from './ui.js';
import { AnswerView } from './answer.js';
import { watchWords } from './words.js';
import { siblings } from './tree.js';
import { fixed } from './format.js';
import { FileChip } from './composer.js';
import { Rating } from './rating.js';

/** A text of the model, growing or done, with its words ask-able. */
export function Answer({ content, tokens, live, onPick, plain, label }) {
  const root = useRef(), view = useRef(), now = useRef();
  now.current = { tokens, onPick };
  useLayoutEffect(() => {
    view.current = new AnswerView(root.current, plain);
    return watchWords(root.current, () => now.current.tokens, onPick && ((index, text) => now.current.onPick(index, text)));
  }, []);
  useLayoutEffect(() => view.current.update(content, tokens, !live));
  return el.div({ ref: root, class: 'answer', tabIndex: 0, role: 'group', 'aria-label': label ?? 'Answer; the left and right arrow keys go through its words' });
}

function Switch({ conversation, node, switchTo }) {
  const all = siblings(conversation, node), at = all.indexOf(node);
  if (all.length < 2) return null;
  return el.span({ class: 'switch', role: 'group', 'aria-label': 'Versions' },
    iconButton('left', 'Version before', () => switchTo(all[at - 1]), { disabled: at === 0 }), el.span(`${at + 1} / ${all.length}`), iconButton('right', 'Next version', () => switchTo(all[at + 1]), { disabled: at === all.length - 1 }));
}

export function UserMessage({ node, conversation, switchTo, editing, onEdit, onEdited }) {
  const area = useRef();
  useEffect(() => {
    if (editing) {
      area.current.focus();
      area.current.setSelectionRange(node.content.length, node.content.length);
    }
  }, [editing]);
  const key = event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      onEdited(area.current.value.trim());
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      onEdited(null);
    }
  };
  return el.article({ class: 'message user', 'aria-label': 'You' },
    node.files?.length > 0 && el.ul({ class: 'files' }, node.files.map((file, i) => el.li({ key: i }, h(FileChip, { file })))),
    editing
      ? el.div({ class: 'editing' }, el.textarea({ ref: area, defaultValue: node.content, rows: Math.min(12, node.content.split('\n').length + 1), 'aria-label': 'Edit message', onKeyDown: key }),
          el.div({ class: 'row' }, button('Send', () => onEdited(area.current.value.trim()), { class: 'primary' }), button('Cancel', () => onEdited(null))))
      : node.content && el.div({ class: 'bubble' }, node.content),
    !editing && el.div({ class: 'actions' }, h(Switch, { conversation, node, switchTo }), iconButton('edit', 'Edit', onEdit), iconButton('copy', 'Copy', () => copy(node.content))));
}

const FINISH = { length: 'cut off at the most tokens', content_filter: 'stopped by the guard' };

export function AssistantMessage({ node, conversation, session, switchTo, again, onBranch, last, bare }) {
  const waiting = node.live && !node.content && !node.reasoning;
  return el.article({ class: `message assistant${last ? ' last' : ''}`, 'aria-label': 'Answer', 'aria-busy': !!node.live },
    node.reasoning && h(Thinking, { node }),
    node.toolCalls?.filter(call => call.result !== undefined).map((call, i) => h(ToolCall, { key: i, call })),
    waiting ? el.p({ class: 'waiting', 'aria-label': 'Waiting for the first word' }, el.i(), el.i(), el.i()) : h(Answer, { content: node.content, tokens: node.tokens, live: node.live, onPick: onBranch }),
    node.toolCalls?.filter(call => call.result === undefined).map((call, i) => h(ToolCall, { key: i, call })),
    node.error && el.p({ class: 'failure', role: 'alert' }, node.error),
    node.stopped && el.p({ class: 'hint' }, 'Stopped'),
    FINISH[node.finish] && el.p({ class: 'hint' }, FINISH[node.finish]),
    !node.live && !bare && el.div({ class: 'actions' },
      h(Switch, { conversation, node, switchTo }),
      iconButton('copy', 'Copy', () => copy(node.content)),
      iconButton('again', 'Answer again', () => again(node, false)),
      iconButton('pair', 'Two new answers: compare them', () => again(node, true)),
      !node.error && h(Rating, { node, conversation, session }),
      el.span({ class: 'gap' }),
      el.span({ class: 'hint facts' }, facts(node))));
}

function facts(node) {
  const made = node.usage?.completion_tokens ?? node.tokens?.length, seconds = node.seconds - (node.firstSeconds ?? 0);
  return [node.model, made > 0 && `${made} tokens`, made > 1 && seconds > 0.05 && `${fixed((made - 1) / seconds, 0)}/s`].filter(Boolean).join(' · ');
}

function Thinking({ node }) {
  const running = node.live && !node.content;
  return el.details({ class: 'thinking' }, el.summary(running ? 'Thinking …' : 'Thoughts', !running && node.seconds ? el.span({ class: 'hint' }, ` ${node.reasoning.split(/\s+/).length} words`) : null),
    el.div({ class: 'thoughts' }, node.reasoning));
}

function ToolCall({ call }) {
  let shown = call.arguments;
  try { shown = JSON.stringify(JSON.parse(call.arguments), null, 2); } catch { /* not complete, or broken: as it is */ }
  return el.details({ class: 'tool-call', open: true }, el.summary(icon('gear'), ' Calls ', el.code(call.name)), el.pre(shown), call.result !== undefined && el.pre({ class: 'result' }, '= ', call.result));
}

