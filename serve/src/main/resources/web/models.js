// The models of this server, and the key with which this browser asks.
import { el, h, button, field, say, useState, Empty, Failure, usePolled } from './ui.js';
import { apiKey, get, setApiKey } from './api.js';
import { bytes, count } from './format.js';

export default function Models() {
  const [found, error, again] = usePolled(() => get('/jackdaw/models'), 5000);
  const models = found?.models ?? [];
  return el.div({ class: 'page' },
    el.header({ class: 'page-head' }, el.h1('Models'), el.p({ class: 'hint' }, 'What this server can answer with. A model is loaded when it is first asked.')),
    error && h(Failure, { error, retry: again }),
    found && !models.length && h(Empty, { title: 'No models' }, el.p('Start the server with one: ', el.code('jackdaw serve MODEL'))),
    el.ul({ class: 'cards' }, models.map(model => el.li({ key: model.id, class: 'card' },
      el.div({ class: 'row' }, el.h2(model.id), el.span({ class: `state${model.loaded ? ' live' : ''}` }, model.loaded ? 'loaded' : 'not loaded')),
      el.dl({ class: 'facts-grid' }, facts(model).map(([name, value]) => el.div({ key: name }, el.dt(name), el.dd(value)))),
      model.adapters?.length > 0 && el.p({ class: 'hint' }, 'Adapters: ', model.adapters.map(each => typeof each === 'string' ? each : each.id ?? each.name).join(', ')),
      (model.path ?? model.file) && el.p({ class: 'hint path' }, model.path ?? model.file)))),
    h(Key));
}

function facts(model) {
  return [
    ['Parameters', count(model.parameters)], ['Size', bytes(model.bytes)], ['Context', model.context ? model.context + ' tokens' : ''], ['Kind', model.hasTemplate == null ? '' : model.hasTemplate ? 'chat' : 'base model'],
    ['Layers × width', model.layers ? `${model.layers} × ${model.width}` : ''], ['Vocabulary', model.vocabulary], ['Can', [model.canThink && 'think', model.canCallTools && 'call tools'].filter(Boolean).join(', ')],
    ['Adapter of', model.base], ['Answering now', model.users],
  ].filter(([, value]) => value);
}

function Key() {
  const [key, setKey] = useState(apiKey());
  const keep = () => { setApiKey(key.trim()); say(key.trim() ? 'The key is kept in this browser' : 'The key is forgotten'); };
  return el.section({ class: 'card key' }, el.h2('API key'),
    field('Needed only when the server asks for one', el.input({ type: 'password', autocomplete: 'off', value: key, onInput: event => setKey(event.currentTarget.value) }), 'It stays in this browser.'), button('Keep', keep));
}
