// Libraries that only some pages need, loaded when they are needed. A script's address must be on this list: the page's policy
// (`trusted-types`) lets no other code set one.
const SCRIPTS = {
  hljs: '/assets/lib/highlightjs-11.11.1/highlight.min.js',
  katex: '/assets/lib/katex-0.18.11/katex.min.js',
};

const allowed = new Set(Object.values(SCRIPTS));
const check = url => {
  if (!allowed.has(url)) throw new TypeError('not a library of this page: ' + url);
  return url;
};
const policy = globalThis.trustedTypes?.createPolicy('jackdaw', { createScriptURL: check }) ?? { createScriptURL: check };
const loading = {};

function script(name) {
  loading[name] ??= new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.src = policy.createScriptURL(SCRIPTS[name]);
    tag.onload = () => resolve(globalThis[name]);
    tag.onerror = () => reject(new Error(`${SCRIPTS[name]} could not be loaded`));
    document.head.append(tag);
  });
  return loading[name];
}

export function style(url) {
  return loading[url] ??= new Promise(resolve => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: url });
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

export const highlighter = () => globalThis.hljs ?? script('hljs');

export async function formulas() {
  style('/assets/lib/katex-0.18.11/katex.min.css');
  return globalThis.katex ?? script('katex');
}

export async function charts() {
  await style('/assets/lib/uplot-1.6.30/uPlot.min.css');
  return (await import('/assets/lib/uplot-1.6.30/uPlot.esm.js')).default;
}
