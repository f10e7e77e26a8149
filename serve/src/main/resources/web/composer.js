// Where one writes. Enter sends, Shift-Enter makes a new line, the up arrow in an empty field edits the last message.
import { el, h, icon, iconButton, say, useLayoutEffect, useRef, useState } from './ui.js';
import { bytes } from './format.js';

const MOST_BYTES = 256 * 1024, MOST_FILES = 8;

export function Composer({ handle, busy, ready, onSend, onStop, onEditLast }) {
  const [text, setText] = useState(''), [files, setFiles] = useState([]), [over, setOver] = useState(false);
  const area = useRef(), picker = useRef();
  handle.current = { focus: () => area.current?.focus(), fill: value => { setText(value); area.current?.focus(); } };
  useLayoutEffect(() => area.current?.focus(), []);
  useLayoutEffect(() => {
    const box = area.current;
    box.style.height = 'auto';
    box.style.height = Math.min(box.scrollHeight, innerHeight * 0.4) + 'px';
  }, [text]);
  const empty = !text.trim() && !files.length;
  const send = two => {
    if (!empty && onSend(text.trim(), files, two)) {
      setText('');
      setFiles([]);
    }
  };
  const key = event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      if (!busy) send(false);
    } else if (event.key === 'ArrowUp' && text === '') {
      event.preventDefault();
      onEditLast();
    }
  };
  const attach = async list => {
    const taken = [...files];
    for (const file of list) {
      const problem = taken.length >= MOST_FILES ? `at most ${MOST_FILES} files` : await read(file, taken);
      if (problem) say(`${file.name}: ${problem}`);
    }
    setFiles(taken);
  };
  const dropped = event => {
    setOver(false);
    if (event.dataTransfer?.files.length) {
      event.preventDefault();
      attach(event.dataTransfer.files);
    }
  };
  return el.div({ class: 'composer-box' },
    el.div({ class: `composer${over ? ' over' : ''}`, onDragOver: event => { event.preventDefault(); setOver(true); }, onDragLeave: () => setOver(false), onDrop: dropped },
      files.length > 0 && el.ul({ class: 'files' }, files.map((file, i) => el.li({ key: i }, h(FileChip, { file, onRemove: () => setFiles(files.filter((_, j) => j !== i)) })))),
      el.textarea({
        ref: area, rows: 1, value: text, placeholder: 'Ask anything', 'aria-label': 'Message', onInput: event => setText(event.currentTarget.value), onKeyDown: key,
        onPaste: event => { if (event.clipboardData.files.length) { event.preventDefault(); attach(event.clipboardData.files); } },
      }),
      el.div({ class: 'composer-row' },
        el.input({ ref: picker, type: 'file', multiple: true, hidden: true, onChange: event => { attach([...event.currentTarget.files]); event.currentTarget.value = ''; } }),
        iconButton('clip', `Attach text files (up to ${bytes(MOST_BYTES)} each)`, () => picker.current.click()),
        iconButton('pair', 'Two answers: compare them', () => send(true), { disabled: empty || busy || !ready }),
        el.span({ class: 'gap hint keys' }, 'Enter sends · Shift-Enter new line'),
        busy ? iconButton('stop', 'Stop (Esc)', onStop, { class: 'round' }) : iconButton('send', 'Send', () => send(false), { class: 'round', disabled: empty || !ready }))));
}

/** Adds a text file to `taken`, or says why not. */
async function read(file, taken) {
  if (file.size > MOST_BYTES) return `${bytes(file.size)}; at most ${bytes(MOST_BYTES)} can be attached`;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    if (text.includes('\0')) return 'not a text file';
    taken.push({ name: file.name.replace(/[\u0000-\u001f\u202a-\u202e\u2066-\u2069`]/g, ''), bytes: file.size, text });
    return null;
  } catch {
    return 'not a text file in UTF-8; only text can be attached';
  }
}

export function FileChip({ file, onRemove }) {
  return el.span({ class: 'file' }, icon('clip'), el.span({ class: 'file-name' }, file.name), el.span({ class: 'hint' }, bytes(file.bytes)), onRemove && iconButton('close', `Remove ${file.name}`, onRemove));
}
