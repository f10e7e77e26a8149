// Several answers side by side; a click takes a sentence or a paragraph into the text below.
import { el, button, field, useLayoutEffect, useRef, useState } from './ui.js';
import { candidatesOf } from './label.js';

/** Paragraphs of sentences. Code and lists are taken whole: a sentence of theirs means nothing alone. */
export function parts(text) {
  const found = [];
  let fence = null;
  for (const paragraph of text.split(/\n{2,}/)) {
    const marks = (paragraph.match(/^\s*```/gm) ?? []).length;
    if (fence !== null) {
      fence += '\n\n' + paragraph;
      if (marks % 2) { found.push([fence]); fence = null; }
    } else if (marks % 2) fence = paragraph;
    else if (marks || /^\s*(?:[-*+]|\d+[.)]|\||#|>)\s?/.test(paragraph)) found.push([paragraph]);
    else if (paragraph.trim()) found.push([...new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(paragraph)].map(each => each.segment.trim()).filter(Boolean));
  }
  if (fence !== null) found.push([fence]);
  return found;
}

export function Combine({ item, onValue }) {
  const candidates = candidatesOf(item).map(parts);
  const [text, setText] = useState(''), [taken, setTaken] = useState([]), [history, setHistory] = useState([]);
  const area = useRef(), digit = useRef(null);
  const set = (value, sources = taken) => {
    setText(value);
    setTaken(sources);
    onValue(value.trim() ? { text: value.trim() } : null);
  };
  const insert = (pieces, paragraph) => {
    const box = area.current, at = document.activeElement === box || box.selectionStart < text.length ? box.selectionStart : text.length;
    const before = text.slice(0, at), after = text.slice(at), added = pieces.map(piece => piece.text).join(' ');
    const glue = !before ? '' : paragraph || /^\s*(?:```|[-*+] |\d+[.)] |\||#)/.test(added) ? before.endsWith('\n\n') ? '' : '\n\n' : /\s$/.test(before) ? '' : ' ';
    setHistory([...history, { text, taken }]);
    set(before + glue + added + (after && !/^\s/.test(after) ? ' ' : '') + after, [...taken, ...pieces.map(({ candidate, text }) => ({ candidate, text }))]);
    const end = (before + glue + added).length;
    setTimeout(() => box.setSelectionRange(end, end));
  };
  const undo = () => {
    const last = history[history.length - 1];
    setHistory(history.slice(0, -1));
    set(last.text, last.taken);
  };
  const flat = candidates.map(paragraphs => paragraphs.flat());
  useLayoutEffect(() => {                                             // 2 then c: the third sentence of the second answer
    const key = event => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest('input, textarea')) return;
      if (/^[1-9]$/.test(event.key) && +event.key <= flat.length) digit.current = +event.key - 1;
      else if (digit.current !== null && /^[a-z]$/.test(event.key)) {
        const piece = flat[digit.current][event.key.charCodeAt(0) - 97];
        if (piece) insert([{ candidate: digit.current, text: piece }], false);
      }
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });
  const isTaken = (candidate, piece) => taken.some(each => each.candidate === candidate && each.text === piece);
  return el.div({ class: 'combine' },
    el.div({ class: 'candidates' }, candidates.map((paragraphs, c) => {
      let letter = 0;
      return el.section({ key: c, class: 'candidate', 'aria-label': `Answer ${c + 1}` }, el.h3(`Answer ${c + 1}`), paragraphs.map((sentences, p) => el.div({ key: p, class: 'paragraph' },
        el.div({ class: 'sentences' }, sentences.map((sentence, s) => {
          const mark = String.fromCharCode(97 + letter++);
          return [el.button({ key: s, type: 'button', class: `sentence${isTaken(c, sentence) ? ' taken' : ''}${sentence.includes('\n') ? ' whole' : ''}`, title: `${c + 1} ${mark}`, onClick: () => insert([{ candidate: c, text: sentence }], false) }, sentence), ' '];
        })),
        sentences.length > 1 && el.button({ type: 'button', class: 'pilcrow', title: 'Take the paragraph', 'aria-label': `Take paragraph ${p + 1} of answer ${c + 1}`, onClick: () => insert(sentences.map(text => ({ candidate: c, text })), true) }, '¶'))));
    })),
    field('Your answer', el.textarea({ ref: area, rows: 9, value: text, onInput: event => set(event.currentTarget.value), placeholder: 'Click sentences above, then edit here' })),
    el.div({ class: 'row' }, button('Undo the last part', undo, { disabled: !history.length, icon: 'again' }), button('Clear', () => { setHistory([...history, { text, taken }]); set('', []); }, { disabled: !text })));
}
