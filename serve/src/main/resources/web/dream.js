// Dreams: documents that a base model writes when nobody asks anything.
import { el, h, button, copy, iconButton, oncePerFrame, useCallback, useEffect, useRef, useState, Failure } from './ui.js';
import { get, stream, tokensOf, user } from './api.js';
import { place } from './session.js';
import { fixed } from './format.js';
import { Answer } from './message.js';
import { newId } from './tree.js';

export default function Dream() {
  const [, setRound] = useState(0);
  const [models, setModels] = useState(null), [model, setModel] = useState(''), [failure, setFailure] = useState(null);
  const [temperature, setTemperature] = useState(0.8), [length, setLength] = useState(256), [begin, setBegin] = useState(''), [colours, setColours] = useState(false);
  const dreams = useRef([]), controller = useRef(null), draw = useCallback(oncePerFrame(() => setRound(n => n + 1)), []);
  useEffect(() => {
    get('/jackdaw/models').then(found => found.models, () => get('/v1/models').then(found => found.data)).then(found => {
      setModels(found);
      setModel((found.find(each => each.hasTemplate === false) ?? found[0])?.id ?? '');
    }, setFailure);
    const key = event => { if (event.key === 'Escape') controller.current?.abort(); };
    addEventListener('keydown', key);
    return () => { removeEventListener('keydown', key); controller.current?.abort(); };
  }, []);

  const dream = async (text, tokens) => {
    controller.current?.abort();
    const mine = controller.current = new AbortController();
    const made = { id: newId(), content: text, tokens, live: true, model, temperature };
    dreams.current.unshift(made);
    draw();
    const begun = performance.now();
    try {
      const body = { model, prompt: text, stream: true, stream_options: { include_usage: true }, logprobs: 8, temperature, max_tokens: length, user: user() };
      for await (const chunk of stream('/v1/completions', body, mine.signal)) {
        const choice = chunk.choices?.[0];
        if (choice?.text) {
          place(made.tokens, tokensOf(choice), made.content.length, choice.text);
          made.content += choice.text;
        }
        if (choice?.finish_reason) made.finish = choice.finish_reason;
        draw();
      }
    } catch (error) {
      if (error.name !== 'AbortError' && !mine.signal.aborted) made.error = error.message;
    }
    made.seconds = (performance.now() - begun) / 1000;
    delete made.live;
    if (controller.current === mine) controller.current = null;
    draw();
  };
  const branch = (from, index, text) => {
    const [, , alternatives, offset] = from.tokens[index];
    dream(from.content.slice(0, offset) + text, [...from.tokens.slice(0, index), [text, alternatives.find(([word]) => word === text)?.[1] ?? 0, alternatives, offset]]);
  };

  return el.div({ class: 'page narrow' },
    el.header({ class: 'page-head' }, el.h1('Dream'), el.p({ class: 'hint' }, 'Nobody asks anything: the model writes a document of the kind it was trained on, from nothing or from your beginning.')),
    failure && h(Failure, { error: failure }),
    el.div({ class: 'dream-controls' },
      models && el.select({ 'aria-label': 'Model', value: model, onChange: event => setModel(event.currentTarget.value) }, models.map(each => el.option({ key: each.id, value: each.id }, each.id))),
      el.label({ class: 'inline' }, 'Temperature', el.input({ type: 'range', min: 0, max: 2, step: 0.05, value: temperature, onInput: event => setTemperature(+event.currentTarget.value) }), el.output(fixed(temperature, 2))),
      el.label({ class: 'inline' }, 'Tokens', el.input({ type: 'number', min: 1, max: 8192, value: length, onChange: event => setLength(Math.max(1, +event.currentTarget.value || 256)) })),
      iconButton('words', colours ? 'Stop colouring words by surprise' : 'Colour words by surprise', () => setColours(!colours), { 'aria-pressed': colours })),
    el.div({ class: 'dream-begin' }, el.textarea({ rows: 1, value: begin, placeholder: 'Begin with nothing, or with these words', 'aria-label': 'Beginning', onInput: event => setBegin(event.currentTarget.value) }),
      controller.current ? button('Stop', () => controller.current.abort(), { icon: 'stop' }) : button('Dream', () => dream(begin, []), { class: 'primary', disabled: !model })),
    el.div({ class: colours ? 'colours' : '', 'aria-live': 'off' }, dreams.current.map(each => el.article({ key: each.id, class: 'dream', 'aria-label': 'Dream', 'aria-busy': !!each.live },
      h(Answer, { content: each.content, tokens: each.tokens, live: each.live, plain: true, onPick: (index, text) => branch(each, index, text), label: 'Dream; the left and right arrow keys go through its words' }),
      each.error && el.p({ class: 'failure', role: 'alert' }, each.error),
      el.div({ class: 'dream-facts hint' }, el.span([each.model, `temperature ${fixed(each.temperature, 2)}`, each.tokens.length && `${each.tokens.length} tokens`, !each.live && each.finish === 'stop' && 'ended by itself'].filter(Boolean).join(' · ')),
        el.span({ class: 'gap' }), !each.live && iconButton('copy', 'Copy', () => copy(each.content)))))));
}
