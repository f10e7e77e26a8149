// What the views are made of: Preact without JSX (`el.div({class: 'x'}, 'text')`), icons, and the few elements that several views share.
const { h, render, Fragment } = globalThis.preact;
export { h, render, Fragment };
export const { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback } = globalThis.preactHooks;

const isProps = value => value !== null && typeof value === 'object' && value.constructor === Object;

/** `el.p('text')`, `el.p({class: 'note'}, 'text', child)`: one function for each element. Text is always text, never HTML. */
export const el = new Proxy({}, {
  get: (_, tag) => (props, ...children) => isProps(props) ? h(tag, props, ...children) : h(tag, null, props, ...children),
});

const ICONS = {
  plus: 'M12 5v14M5 12h14', send: 'M12 19V5M6 11l6-6 6 6', stop: 'M7 7h10v10H7z', copy: 'M9 9h10v10H9zM5 15V5h10', check: 'M5 12.500l4.500 4.500L19 7.500',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13.500 6.500l4 4', again: 'M20 12a8 8 0 1 1-2.500-5.800M20 4v4.500h-4.500', up: 'M7 11v9H4v-9zM7 11l4-8c1.700 0 2.500 1.200 2.300 3L13 9h6l-1.500 9.500c-.2 1-.9 1.500-2 1.500H7',
  down: 'M17 13V4h3v9zM17 13l-4 8c-1.700 0-2.500-1.200-2.300-3l.3-3H5l1.500-9.500c.2-1 .9-1.500 2-1.500H17', gear: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100',
  moon: 'M20 14.500A8 8 0 0 1 9.500 4 8 8 0 1 0 20 14.500z', auto: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16', search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500L20 20',
  menu: 'M4 7h16M4 12h16M4 17h16', clip: 'M8 12.500l5.500-5.500a2.500 2.500 0 0 1 3.500 3.500L10 17.500a4.200 4.200 0 0 1-6-6L11 4.500', pair: 'M4 5h6.500v14H4zM13.500 5H20v14h-6.500z', trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13',
  save: 'M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14', left: 'M14 6l-6 6 6 6', right: 'M10 6l6 6-6 6', close: 'M6 6l12 12M18 6L6 18', more: 'M6 12h.01M12 12h.01M18 12h.01', words: 'M4 19V9M9 19V5M14 19v-7M19 19v-3',
};

export function icon(name) {
  return h('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false' }, h('path', { d: ICONS[name] }));
}

/** A button with a picture and a name for those who do not see it. */
export function iconButton(name, label, onClick, more = {}) {
  return el.button({ type: 'button', title: label, 'aria-label': label, onClick, ...more, class: 'icon-button ' + (more.class ?? '') }, icon(name));
}

export function button(label, onClick, more = {}) {
  return el.button({ type: 'button', onClick, ...more, class: 'button ' + (more.class ?? '') }, more.icon && icon(more.icon), label);
}

/** A label above its field. */
export function field(label, control, hint) {
  return el.label({ class: 'field' }, el.span({ class: 'field-label' }, label), control, hint && el.span({ class: 'hint' }, hint));
}

export function Failure({ error, retry }) {
  return el.div({ class: 'failure', role: 'alert' }, el.p(error.message), retry && button('Try again', retry));
}

export function Empty({ title, children }) {
  return el.div({ class: 'empty' }, el.h2(title), children);
}

/** A modal box that closes with Esc; `onClose` is called however it ends. */
export function Dialog({ title, onClose, children, wide }) {
  const ref = useRef();
  useEffect(() => {
    const box = ref.current;
    box.showModal();
    return () => box.open && box.close();
  }, []);
  return el.dialog({ ref, class: wide ? 'wide' : '', 'aria-label': title, onClose, onClick: event => event.target === ref.current && ref.current.close() },
    el.div({ class: 'dialog-body' }, el.header(el.h2(title), iconButton('close', 'Close', () => ref.current.close())), children));
}

/** Reads again every `millis` while the page is visible: `[value, error, again]`. A new `key` starts afresh. */
export function usePolled(read, millis, key = '') {
  const [state, setState] = useState({ value: null, error: null });
  const latest = useRef(read);
  latest.current = read;
  const [round, setRound] = useState(0);
  useEffect(() => {
    let stopped = false, timer = 0;
    const go = async () => {
      if (!document.hidden) {
        try {
          const value = await latest.current();
          if (!stopped) setState({ value, error: null });
        } catch (error) {
          if (!stopped) setState(old => ({ value: old.value, error }));
        }
      }
      if (!stopped && millis) timer = setTimeout(go, millis);
    };
    go();
    return () => { stopped = true; clearTimeout(timer); };
  }, [key, millis, round]);
  return [state.value, state.error, () => setRound(r => r + 1)];
}

/** Calls `draw` soon and once, however often it is asked: with the next frame, or after a quarter of a second where no frames come. */
export function oncePerFrame(draw) {
  let asked = 0, timer = 0;
  const go = () => {
    cancelAnimationFrame(asked);
    clearTimeout(timer);
    asked = timer = 0;
    draw();
  };
  return () => {
    if (!timer) {
      asked = requestAnimationFrame(go);
      timer = setTimeout(go, 250);
    }
  };
}

let sayTimer = 0;
/** One short sentence at the lower edge, read aloud by screen readers. */
export function say(text) {
  let box = document.getElementById('say');
  if (!box) {
    box = document.createElement('div');
    box.id = 'say';
    box.setAttribute('role', 'status');
    document.body.append(box);
  }
  box.textContent = text;
  box.classList.add('shown');
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => box.classList.remove('shown'), 3500);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied');
  } catch {
    say('The browser did not allow copying');
  }
}

/** Offers a text as a file. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
