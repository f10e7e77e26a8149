// What a model writes becomes elements here, and only here. Whatever it writes, the result can neither run, nor fetch, nor send anything:
// 1. HTML in the text stays text, but for a few elements without attributes;
// 2. links and images become placeholders with their full address; only pictures inside the text itself (`data:`, raster types) are shown;
// 3. DOMPurify lets through a short list of elements and attributes, no style, no handler, no address;
// 4. the page's policy (Content-Security-Policy) forbids the rest, should all that fail.
import { Marked } from '/assets/lib/marked-17.0.1/marked.esm.js';
import clean from '/assets/lib/dompurify-3.3.3/purify.es.mjs';
import { formulas, highlighter } from './lazy.js';
import { copy } from './ui.js';

const PLAIN_TAGS = /&lt;(\/?)(br|sub|sup|kbd|b|strong|i|em|u|s|mark|details|summary|hr)\s*\/?&gt;/gi;
const RASTER = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=\s]+$/i;
const CLASS = /^(?:language-[\w+#.-]{1,30}|math|math block|out-link|out-image|hljs-[\w -]+)$/;

const escape = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');

const renderer = {
  html: ({ text }) => escape(text).replace(PLAIN_TAGS, '<$1$2>'),
  link({ href, tokens }) {
    return `<span class="out-link" data-url="${escape(href)}">${this.parser.parseInline(tokens)}</span>`;
  },
  image: ({ href, text }) => RASTER.test(href) ? `<img src="${escape(href)}" alt="${escape(text)}">` : `<span class="out-image" data-url="${escape(href)}">${escape(text)}</span>`,
  checkbox: ({ checked }) => checked ? '☑ ' : '☐ ',
};

const inlineMath = {
  name: 'inlineMath',
  level: 'inline',
  start: src => src.match(/\$|\\\(|\\\[/)?.index,
  tokenizer(src) {
    const found = /^\$\$((?:\\[\s\S]|[^$\\])+?)\$\$/.exec(src) ?? /^\\\[([\s\S]+?)\\\]/.exec(src);
    if (found) return { type: 'inlineMath', raw: found[0], tex: found[1], display: true };
    const small = /^\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/.exec(src) ?? /^\\\(([\s\S]+?)\\\)/.exec(src);
    return small ? { type: 'inlineMath', raw: small[0], tex: small[1], display: false } : undefined;
  },
  renderer: ({ tex, display }) => `<span class="math${display ? ' block' : ''}">${escape(tex.trim())}</span>`,
};

const blockMath = {
  name: 'blockMath',
  level: 'block',
  start: src => src.match(/(?:^|\n) {0,3}(?:\$\$|\\\[)/)?.index,
  tokenizer(src) {
    const found = /^ {0,3}\$\$([\s\S]+?)\$\$[ \t]*(?:\n+|$)/.exec(src) ?? /^ {0,3}\\\[([\s\S]+?)\\\][ \t]*(?:\n+|$)/.exec(src);
    return found ? { type: 'blockMath', raw: found[0], tex: found[1] } : undefined;
  },
  renderer: ({ tex }) => `<div class="math block">${escape(tex.trim())}</div>`,
};

const marked = new Marked({ gfm: true, breaks: true, renderer, extensions: [inlineMath, blockMath] });

const RULES = {
  ALLOWED_TAGS: ['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'strong', 'b', 'em', 'i', 'u', 's', 'del', 'mark', 'sub', 'sup', 'kbd', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li',
    'table', 'thead', 'tbody', 'tr', 'th', 'td', 'details', 'summary', 'img', 'span', 'div'],
  ALLOWED_ATTR: ['class', 'src', 'alt', 'start', 'align', 'data-url'],
  ADD_URI_SAFE_ATTR: ['data-url'], ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, KEEP_CONTENT: true, RETURN_DOM_FRAGMENT: true,
};
clean.addHook('uponSanitizeAttribute', (_, data) => {
  if (data.attrName === 'class' && !CLASS.test(data.attrValue)) data.keepAttr = false;
  if (data.attrName === 'src' && !RASTER.test(data.attrValue)) data.keepAttr = false;
});

/** The blocks of a text, each with its source in `raw`. */
export const blocks = text => marked.lexer(text);

/** One block (or several) as elements that are safe to insert. */
export function toElements(tokens) {
  const fragment = clean.sanitize(marked.parser(tokens), RULES);
  for (const link of fragment.querySelectorAll('.out-link')) link.replaceWith(outLink(link));
  for (const image of fragment.querySelectorAll('.out-image')) image.replaceWith(outImage(image));
  for (const table of fragment.querySelectorAll('table')) {
    const box = make('div', 'table-box');
    table.replaceWith(box);
    box.append(table);
  }
  for (const pre of fragment.querySelectorAll('pre')) frameCode(pre);
  return fragment;
}

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** An absolute address that a browser may open, or null. */
function outside(text) {
  try {
    const url = new URL(text);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

function outLink(link) {
  const text = link.dataset.url ?? '', url = outside(text);
  if (!url) {                                                         // another scheme, or an address on this server: shown, not opened
    const shown = make('span', 'blocked');
    shown.append(...link.childNodes, make('span', 'address', ` (${text})`));
    return shown;
  }
  const button = make('button', 'out-link');
  button.type = 'button';
  const same = link.textContent === text || link.textContent === url.href;
  button.append(...link.childNodes);
  if (!same) button.append(make('span', 'address', ` (${url.href})`));
  button.addEventListener('click', () => confirmOpen(url, 'link'));
  return button;
}

function outImage(image) {
  const text = image.dataset.url ?? '', url = outside(text);
  const box = make('span', 'out-image');
  box.append(make('strong', '', 'Image not loaded'), image.textContent ? ': ' + image.textContent + ' ' : ' ', make('span', 'address', url ? url.href : text.slice(0, 200)));
  if (url && url.protocol !== 'mailto:' && !image.closest('button')) {        // inside a link, the link is what can be opened
    const button = make('button', 'link-button', 'Open …');
    button.type = 'button';
    button.addEventListener('click', () => confirmOpen(url, 'image'));
    box.append(' ', button);
  }
  return box;
}

/** Asks before the browser goes to another host, and shows to which: an address can carry words of the conversation away. */
function confirmOpen(url, what) {
  const box = make('dialog', 'confirm-open');
  box.setAttribute('aria-label', 'Open an address');
  const open = make('button', 'button primary', 'Open in a new tab'), copyIt = make('button', 'button', 'Copy address'), cancel = make('button', 'button', 'Cancel');
  const host = make('p', 'host', url.protocol === 'mailto:' ? url.pathname : url.host);
  box.append(make('h2', '', `The model wrote this ${what}`), host, make('p', 'address', url.href),
    make('p', 'hint', 'Opening it tells that host your address and everything that is written in the link.'));
  const row = make('div', 'row');
  row.append(open, copyIt, cancel);
  box.append(row);
  open.addEventListener('click', () => { box.close(); window.open(url.href, '_blank', 'noopener,noreferrer'); });
  copyIt.addEventListener('click', () => { copy(url.href); box.close(); });
  cancel.addEventListener('click', () => box.close());
  box.addEventListener('close', () => box.remove());
  document.body.append(box);
  box.showModal();
  cancel.focus();
}

function frameCode(pre) {
  const code = pre.querySelector('code'), language = /language-([\w+#.-]+)/.exec(code?.className ?? '')?.[1] ?? '';
  const figure = make('figure', 'code'), head = make('figcaption', '', language || 'text'), button = make('button', 'link-button', 'Copy');
  button.type = 'button';
  button.setAttribute('aria-label', `Copy ${language || 'this'} code`);
  button.addEventListener('click', () => copy(code.textContent.replace(/\n$/, '')));
  head.append(button);
  pre.replaceWith(figure);
  figure.append(head, pre);
}

const HIGHLIGHT_RULES = { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true };

/** Colours code and sets formulas, loading what that needs. Resolves to the elements that changed. */
export async function enrich(root) {
  const changed = [];
  const codes = [...root.querySelectorAll('pre code[class*="language-"]:not(.done)')];
  if (codes.length) {
    const hljs = await highlighter();
    for (const code of codes) {
      const language = /language-([\w+#.-]+)/.exec(code.className)?.[1];
      code.classList.add('done');
      if (!hljs.getLanguage(language) || code.textContent.length > 100_000) continue;
      code.replaceChildren(clean.sanitize(hljs.highlight(code.textContent, { language, ignoreIllegals: true }).value, HIGHLIGHT_RULES));
      changed.push(code);
    }
  }
  const maths = [...root.querySelectorAll('.math:not(.done)')];
  if (maths.length) {
    const katex = await formulas();
    for (const math of maths) setFormula(katex, math);
  }
  return changed;
}

function setFormula(katex, math) {
  const tex = math.textContent;
  math.classList.add('done');
  try {
    katex.render(tex, math, { displayMode: math.classList.contains('block'), trust: false, throwOnError: true, strict: 'ignore', maxSize: 20, maxExpand: 200 });
    // KaTeX sets styles through the DOM, which the policy allows; the few it writes as attributes are refused and set again here.
    for (const styled of math.querySelectorAll('[style]')) if (!styled.style.length) styled.style.cssText = styled.getAttribute('style');
  } catch (error) {
    math.replaceChildren(make('code', '', tex));
    math.title = error.message;
  }
}
