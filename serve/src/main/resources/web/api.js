// The server's answers: JSON or a stream of events. Everything is asked of this server; the page's policy allows no other.

/** What the server refused, in its own words. */
export class Refused extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const KEY = 'jackdaw.key';
export const apiKey = () => localStorage.getItem(KEY) ?? '';
export const setApiKey = key => key ? localStorage.setItem(KEY, key) : localStorage.removeItem(KEY);

/** Stands for this browser in feedback, so that what it sent can be erased again. */
export function user() {
  let name = localStorage.getItem('jackdaw.user');
  if (!name) {
    name = 'browser-' + [...crypto.getRandomValues(new Uint8Array(8))].map(b => b.toString(16).padStart(2, '0')).join('');
    localStorage.setItem('jackdaw.user', name);
  }
  return name;
}

async function ask(method, path, body, signal) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (apiKey()) headers.Authorization = 'Bearer ' + apiKey();
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, 'The server does not answer. Is it still running?');
  }
  if (!response.ok) {
    const text = await response.text();
    let error = {};
    try { error = JSON.parse(text).error ?? {}; } catch { /* not JSON: the text itself */ }
    const message = error.message ?? (text.slice(0, 300) || `${method} ${path}: status ${response.status}`);
    throw new Refused(response.status, response.status === 401 || error.code === 'role_needed' ? message + ' (the key is set under Models)' : message, error.code);
  }
  return response;
}

export const get = async (path, signal) => (await ask('GET', path, undefined, signal)).json();
export const post = async (path, body, signal) => (await ask('POST', path, body, signal)).json();
export const remove = async path => (await ask('DELETE', path)).json();

/** `?a=1&b=2` of what is set. */
export function query(values) {
  const set = Object.entries(values).filter(([, value]) => value !== '' && value != null);
  return set.length ? '?' + new URLSearchParams(set) : '';
}

/** The JSON values of a stream of server-sent events, until `[DONE]`. An `error` inside the stream is thrown. */
export async function* stream(path, body, signal) {
  const response = await ask('POST', path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      rest += (value ?? '').replace(/\r/g, '');
      const events = rest.split('\n\n');
      rest = done ? '' : events.pop();
      for (const event of events) {
        const data = event.split('\n').filter(line => line.startsWith('data:')).map(line => line.slice(5).replace(/^ /, '')).join('\n');
        if (data === '[DONE]') return;
        if (!data) continue;
        const json = JSON.parse(data);
        if (json.error) throw new Refused(json.error.status ?? 500, json.error.message ?? 'The stream ended with an error', json.error.code);
        yield json;
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The tokens of a chunk as `[text, logprob, [[text, logprob], …]]`, from the form of chats or of completions. */
export function tokensOf(choice) {
  const found = choice.logprobs;
  if (found?.content) return found.content.map(t => [t.token, t.logprob, (t.top_logprobs ?? []).map(a => [a.token, a.logprob])]);
  if (found?.tokens) return found.tokens.map((t, i) => [t, found.token_logprobs[i] ?? 0, Object.entries(found.top_logprobs?.[i] ?? {}).sort((a, b) => b[1] - a[1])]);
  return [];
}
