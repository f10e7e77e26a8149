// A text as it grows: blocks that are complete are left alone, the last one is made anew. Each word keeps the number of its token.
import { blocks, enrich, toElements } from './markdown.js';

/** How surprising a token was: 0 (expected) to 5. In bits, the steps are 0.5, 1.5, 3, 5 and 8. */
export function surprise(logprob) {
  const bits = -logprob / Math.LN2;
  return bits < 0.5 ? 0 : bits < 1.5 ? 1 : bits < 3 ? 2 : bits < 5 ? 3 : bits < 8 ? 4 : 5;
}

export class AnswerView {
  /** @param tokens `[text, logprob, alternatives, offset]`, or empty; @param plain text without Markdown, as in dreams */
  constructor(root, plain = false) {
    this.root = root;
    this.plain = plain;
    this.closed = 0;                    // characters of the text that belong to complete blocks
    this.open = null;                   // the element of the last block
    this.shown = '';
    this.finished = false;
  }

  update(text, tokens, finished) {
    if (this.finished && text === this.shown) return;
    if (this.finished || !text.startsWith(this.shown.slice(0, this.closed))) this.clear();
    if (finished && this.closed > 0 && /^ {0,3}\[[^\]]+\]:/m.test(text)) this.clear();      // a definition further down may belong to any block
    if (text === this.shown && !finished) return;
    this.shown = text;
    this.finished = finished;
    this.tokens = tokens;
    this.open?.remove();
    this.open = null;
    if (this.plain) {
      this.updatePlain(text);
      return;
    }
    const found = blocks(text.slice(this.closed));
    const last = found.findLastIndex(block => block.type !== 'space');
    let at = this.closed;
    found.forEach((block, i) => {
      const end = at + block.raw.length;
      if (block.type !== 'space') {
        const element = this.show([block], at, end);
        if (i < last || finished) this.enrich(element);
        else this.open = element;
      }
      at = end;
      if (i < last) this.closed = at;
    });
  }

  show(block, from, to) {
    const element = document.createElement('div');
    element.className = 'block';
    element.dataset.from = from;
    element.dataset.to = to;
    try {
      element.append(toElements(block));
    } catch (error) {                                                 // a text is worth more than its format
      console.warn(error);
      element.textContent = block.map(each => each.raw).join('');
    }
    this.root.append(element);
    this.mark(element);
    return element;
  }

  /** Plain text in pieces of whole paragraphs, so that only the last grows. */
  updatePlain(text) {
    while (this.closed < text.length) {
      const cut = text.indexOf('\n\n', this.closed), end = cut < 0 ? text.length : cut + 2;
      const element = document.createElement('div');
      element.className = 'block plain';
      element.dataset.from = this.closed;
      element.dataset.to = end;
      element.textContent = text.slice(this.closed, end);
      this.root.append(element);
      this.mark(element);
      if (cut < 0) {
        this.open = element;
        break;
      }
      this.closed = end;
    }
  }

  clear() {
    this.root.replaceChildren();
    this.closed = 0;
    this.open = null;
    this.shown = '';
    this.finished = false;
  }

  async enrich(element) {
    const changed = await enrich(element).catch(error => (console.warn(error.message), []));
    if (changed.length) {
      for (const span of element.querySelectorAll('.tk')) span.replaceWith(...span.childNodes);
      element.normalize();
      this.mark(element);
    }
  }

  /** Puts a span around each token that can be found in the visible text of a block. Markup characters are not visible and get none. */
  mark(element) {
    const tokens = this.tokens;
    if (!tokens?.length) return;
    const from = +element.dataset.from, to = +element.dataset.to;
    const nodes = [];
    let text = '';
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, { acceptNode: node => node.parentElement.closest('figcaption, .math, .address') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT });
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      nodes.push({ node, start: text.length });
      text += node.data;
    }
    const ranges = [];
    let at = 0;
    for (let i = lowerBound(tokens, from); i < tokens.length && tokens[i][3] < to; i++) {
      const word = tokens[i][0].trim() || (this.plain ? tokens[i][0] : '');
      if (!word) continue;
      const found = text.indexOf(word, at);
      if (found < 0 || found - at > (/[\p{L}\p{N}]/u.test(word) ? 60 : 3)) continue;
      ranges.push({ i, start: found, end: found + word.length });
      at = found + word.length;
    }
    wrap(nodes, ranges, tokens);
  }
}

function lowerBound(tokens, offset) {
  let low = 0, high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle][3] + tokens[middle][0].length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function wrap(nodes, ranges, tokens) {
  let r = 0;
  for (const { node, start } of nodes) {
    const end = start + node.data.length, pieces = [];
    let at = start;
    while (r < ranges.length && ranges[r].start < end) {
      const range = ranges[r], a = Math.max(range.start, start), b = Math.min(range.end, end);
      if (a > at) pieces.push(node.data.slice(at - start, a - start));
      const span = document.createElement('span');
      span.className = 'tk s' + surprise(tokens[range.i][1]);
      span.dataset.i = range.i;
      span.textContent = node.data.slice(a - start, b - start);
      pieces.push(span);
      at = b;
      if (range.end > end) break;                                     // the rest of this token is in the next text node
      r++;
    }
    if (pieces.length) {
      if (at < end) pieces.push(node.data.slice(at - start));
      node.replaceWith(...pieces);
    }
  }
}
