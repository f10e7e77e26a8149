// One conversation at work: asks the server, grows the answer, and tells the view. It knows no elements.
import { post, stream, tokensOf, user } from './api.js';
import { add, carriedOut, requestMessages } from './tree.js';
import { save } from './store.js';
import { oncePerFrame } from './ui.js';

/** The parts of a request that the sampling panel sets; what is empty is left to the server. */
export const SAMPLING = [
  { key: 'temperature', label: 'Temperature', min: 0, max: 2, step: 0.05, hint: '0 always takes the likeliest word' },
  { key: 'top_p', label: 'Top-p', min: 0, max: 1, step: 0.01, hint: 'only words that make up this much' },
  { key: 'top_k', label: 'Top-k', min: 0, max: 200, step: 1, hint: 'only this many words' },
  { key: 'min_p', label: 'Min-p', min: 0, max: 1, step: 0.01, hint: 'only words at least this likely, beside the likeliest' },
  { key: 'max_tokens', label: 'Most tokens', min: 1, max: 131072, step: 1, hint: 'in one answer' },
  { key: 'seed', label: 'Seed', min: 0, max: 2147483647, step: 1, hint: 'the same seed gives the same answer' },
  { key: 'think_budget', label: 'Think budget', min: 0, max: 131072, step: 1, hint: 'most tokens of thinking, for models that think' },
];

/** Functions that the server carries out for a model, and how often in one answer; all others are only shown. */
const ABILITIES = new Set(['calculator']);
const MOST_ROUNDS = 4;

export class Session {
  /** @param changed called, at most once a frame, when something is to be drawn */
  constructor(conversation, changed) {
    this.conversation = conversation;
    this.running = new Map();                                        // node id → AbortController
    this.changed = oncePerFrame(changed);
  }

  get busy() {
    return this.running.size > 0;
  }

  stop() {
    for (const controller of this.running.values()) controller.abort();
  }

  save() {
    return save(this.conversation);
  }

  /** Adds what the user says after `parent`, and has it answered. */
  async say(parent, content, files = []) {
    const node = add(this.conversation, parent, { role: 'user', content, files });
    await this.answer(node.id);
  }

  /** A new answer to the message `parent`. With `prefix` it goes on from words that are already there. */
  answer(parent, { prefix = null, more = {}, visible = true } = {}) {
    const leaf = this.conversation.leaf;
    const node = add(this.conversation, parent, {
      role: 'assistant', content: prefix?.content ?? '', reasoning: prefix?.reasoning ?? '', tokens: prefix?.tokens ?? [], toolCalls: [], model: this.conversation.model, live: true, version: 0,
    });
    if (!visible) this.conversation.leaf = leaf;
    return this.fill(node, prefix, more).then(() => node);
  }

  async fill(node, prefix, more) {
    const conversation = this.conversation, controller = new AbortController();
    this.running.set(node.id, controller);
    this.changed();
    const messages = requestMessages(conversation, node.parent);
    const sampling = { ...set(conversation.sampling), ...more }, streamed = { model: conversation.model, stream: true, stream_options: { include_usage: true }, user: user() };
    const begun = performance.now();
    try {
      if (prefix) {                                                   // the conversation as tokens, and the answer so far behind it
        const { think_budget, ...plain } = sampling;
        const { tokens, room } = await post('/jackdaw/prompt', { model: conversation.model, messages, prefix: prefix.content, think_budget: 0 }, controller.signal);
        const body = { ...streamed, prompt: tokens, logprobs: 8, ...plain, max_tokens: Math.min(room, plain.max_tokens ?? room) };
        for await (const chunk of stream('/v1/completions', body, controller.signal)) this.take(node, asChat(chunk), begun);
      } else {
        for (let round = 0; ; round++) {
          const from = node.toolCalls.length;
          const body = { ...streamed, messages: [...messages, ...carriedOut(node)], logprobs: true, top_logprobs: 8, ...sampling };
          for await (const chunk of stream('/v1/chat/completions', body, controller.signal)) this.take(node, chunk, begun, from);
          const calls = node.toolCalls.slice(from);
          if (round === MOST_ROUNDS || !calls.length || !calls.every(call => ABILITIES.has(call.name))) break;
          for (const call of calls) call.result = (await post(`/jackdaw/abilities/${call.name}`, { arguments: call.arguments }, controller.signal)).result;
        }
      }
    } catch (error) {
      if (error.name === 'AbortError' || controller.signal.aborted) node.stopped = true;
      else node.error = error.message;
    }
    node.seconds = (performance.now() - begun) / 1000;
    delete node.live;
    node.version++;
    this.running.delete(node.id);
    conversation.updated = Date.now();
    this.changed();
    await this.save();
  }

  /** @param from the calls of earlier rounds of this answer */
  take(node, chunk, begun, from = 0) {
    if (chunk.id) node.answerId = chunk.id;
    if (chunk.model) node.model = chunk.model;
    if (chunk.usage) node.usage = chunk.usage;
    const choice = chunk.choices?.[0];
    if (choice) {
      const delta = choice.delta ?? {};
      if ((delta.content || delta.reasoning_content) && node.firstSeconds === undefined) node.firstSeconds = (performance.now() - begun) / 1000;
      if (delta.reasoning_content) node.reasoning += delta.reasoning_content;
      if (delta.content) {
        place(node.tokens, tokensOf(choice), node.content.length, delta.content);
        node.content += delta.content;
      }
      for (const call of delta.tool_calls ?? []) {
        const at = node.toolCalls[from + (call.index ?? 0)] ??= { id: call.id, name: '', arguments: '' };
        at.name += call.function?.name ?? '';
        at.arguments += call.function?.arguments ?? '';
      }
      if (choice.finish_reason) node.finish = choice.finish_reason;
    }
    node.version++;
    this.changed();
  }

  /** Goes on from a word of an answer with another word in its place, as a new branch. */
  branch(node, index, text) {
    const [old, , alternatives, offset] = node.tokens[index];
    const logprob = alternatives.find(([word]) => word === text)?.[1] ?? 0;
    const tokens = [...node.tokens.slice(0, index), [text, logprob, alternatives.some(([word]) => word === old) ? alternatives : [...alternatives, [old, node.tokens[index][1]]], offset]];
    return this.answer(node.parent, { prefix: { content: node.content.slice(0, offset) + text, reasoning: node.reasoning, tokens } });
  }
}

/** Adds tokens with their place in the text. What came with them but is no part of the text (marks of thinking, say) is left out. */
export function place(all, tokens, offset, piece) {
  let extra = tokens.reduce((sum, token) => sum + token[0].length, 0) - piece.length;
  let first = 0;
  while (first < tokens.length && extra > 0 && !piece.startsWith(tokens[first][0])) extra -= tokens[first++][0].length;
  for (const token of tokens.slice(first)) {
    all.push([...token, offset]);
    offset += token[0].length;
  }
}

/** A piece of a completion in the form of a chat's. */
function asChat(chunk) {
  return { ...chunk, choices: (chunk.choices ?? []).map(choice => ({ ...choice, delta: { content: choice.text } })) };
}

export function set(sampling) {
  return Object.fromEntries(Object.entries(sampling ?? {}).filter(([, value]) => value !== '' && value != null));
}

