// The next-word view: what else might have stood there. One small box for the whole page, opened by pointing at a word or by arrow keys.
import { percent, visible, fixed } from './format.js';

let box = null, owner = null, hideTimer = 0;

/**
 * Makes the words of an answer ask-able.
 * @param root the element whose `.tk` spans carry the number of their token in `data-i`
 * @param tokens gives the tokens: `[text, logprob, alternatives, offset]`
 * @param onPick called with the number of a token and the word that is wanted in its place, or absent if the text cannot branch
 */
export function watchWords(root, tokens, onPick) {
  const open = span => show(span, tokens()[+span.dataset.i], onPick && (text => onPick(+span.dataset.i, text)));
  const over = event => {
    const span = event.target.closest?.('.tk');
    if (span && event.pointerType !== 'touch') {
      clearTimeout(hideTimer);
      hideTimer = setTimeout(() => open(span), box?.classList.contains('shown') ? 40 : 140);
    }
  };
  const out = () => later();
  const tap = event => {
    const span = event.target.closest?.('.tk');
    if (span && getSelection().isCollapsed && !event.target.closest('button')) open(span);
  };
  const key = event => {
    const all = [...root.querySelectorAll('.tk')];
    if (!all.length) return;
    const now = owner && root.contains(owner) ? all.indexOf(owner) : -1;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const span = all[Math.min(all.length - 1, Math.max(0, now + step))];
      open(span);
      span.scrollIntoView({ block: 'nearest' });
    } else if ((event.key === 'Enter' || event.key === 'ArrowDown') && now >= 0) {
      event.preventDefault();
      box.querySelector('button')?.focus();
    } else if (event.key === 'Escape' && now >= 0) {
      event.stopPropagation();
      hide();
    }
  };
  const blur = event => { if (!box?.contains(event.relatedTarget)) later(); };
  root.addEventListener('pointerover', over);
  root.addEventListener('pointerleave', out);
  root.addEventListener('click', tap);
  root.addEventListener('keydown', key);
  root.addEventListener('focusout', blur);
  return () => {
    for (const [name, listener] of Object.entries({ pointerover: over, pointerleave: out, click: tap, keydown: key, focusout: blur })) root.removeEventListener(name, listener);
    if (owner && root.contains(owner)) hide();
  };
}

function later() {
  clearTimeout(hideTimer);
  hideTimer = setTimeout(() => { if (!box?.matches(':hover') && !box?.contains(document.activeElement)) hide(); }, 250);
}

export function hide() {
  clearTimeout(hideTimer);
  owner?.classList.remove('asked');
  owner = null;
  box?.classList.remove('shown');
}

function make(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function show(span, token, pick) {
  if (!token) return;
  if (!box) {
    box = make('div', 'words-box');
    box.setAttribute('role', 'dialog');
    box.setAttribute('aria-label', 'What else might have stood here');
    box.setAttribute('aria-live', 'polite');
    box.addEventListener('pointerleave', later);
    box.addEventListener('pointerenter', () => clearTimeout(hideTimer));
    box.addEventListener('keydown', boxKey);
    document.body.append(box);
  }
  owner?.classList.remove('asked');
  owner = span;
  span.classList.add('asked');
  const [text, logprob, alternatives] = token;
  const list = alternatives.some(([other]) => other === text) ? alternatives : [...alternatives, [text, logprob]];
  const head = make('p', 'words-head');
  head.append(make('code', '', visible(text)), make('span', '', `${percent(Math.exp(logprob))} · ${fixed(Math.max(0, -logprob / Math.LN2), 1)} bits of surprise`));
  const rows = make('ul', '');
  let sum = 0;
  for (const [other, otherLogprob] of list) {
    const p = Math.exp(otherLogprob), taken = other === text;
    sum += p;
    const row = make('li', taken ? 'taken' : ''), button = make(pick && !taken ? 'button' : 'div', 'word');
    const bar = make('span', 'bar');
    bar.style.setProperty('--p', Math.min(1, p).toFixed(4));
    button.append(bar, make('code', '', visible(other)), make('span', 'p', percent(p)));
    if (pick && !taken) {
      button.type = 'button';
      button.title = 'Go on from here with this word';
      button.addEventListener('click', () => { hide(); pick(other); });
    }
    row.append(button);
    rows.append(row);
  }
  box.replaceChildren(head, rows);
  const rest = 1 - sum;
  box.append(make('p', 'hint', alternatives.length ? `${rest > 0.0005 ? `all other words together ${percent(rest)}` : 'no other word had a chance'}${pick ? ' · choose one to branch' : ''}` : 'the server sent no alternatives'));
  place(span);
}

function place(span) {
  box.classList.add('shown');
  const at = span.getClientRects()[0] ?? span.getBoundingClientRect(), width = box.offsetWidth, height = box.offsetHeight;
  const left = Math.max(8, Math.min(at.left - 12, innerWidth - width - 8));
  const below = at.bottom + 6 + height < innerHeight;
  box.style.left = left + 'px';
  box.style.top = (below ? at.bottom + 6 : Math.max(8, at.top - height - 6)) + 'px';
}

function boxKey(event) {
  const buttons = [...box.querySelectorAll('button')], now = buttons.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    buttons[(now + step + buttons.length) % buttons.length]?.focus();
  } else if (event.key === 'Escape') {
    event.stopPropagation();
    const back = owner?.closest('[tabindex]');
    hide();
    back?.focus();
  }
}

addEventListener('scroll', hide, { capture: true, passive: true });
