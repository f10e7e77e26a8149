// A conversation is a tree of messages: editing or asking again adds a sibling, nothing is lost. `leaf` names the end of the path that is shown.

export const newId = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('');

export function newConversation(model, sampling = {}, system = '') {
  const now = Date.now();
  return { id: newId(), title: '', created: now, updated: now, model, system, sampling, nodes: {}, leaf: null };
}

export function add(conversation, parent, message) {
  const node = { id: newId(), parent, created: Date.now(), order: Object.keys(conversation.nodes).length, ...message };
  conversation.nodes[node.id] = node;
  conversation.leaf = node.id;
  conversation.updated = node.created;
  return node;
}

/** The messages from the first one to `leaf`. */
export function path(conversation, leaf = conversation.leaf) {
  const found = [];
  for (let node = conversation.nodes[leaf]; node; node = conversation.nodes[node.parent]) found.unshift(node);
  return found;
}

export function siblings(conversation, node) {
  return Object.values(conversation.nodes).filter(other => other.parent === node.parent).sort((a, b) => a.order - b.order);
}

/** Shows the path through this message, to its newest end. */
export function show(conversation, node) {
  let end = node;
  for (;;) {
    const children = Object.values(conversation.nodes).filter(other => other.parent === end.id).sort((a, b) => a.order - b.order);
    if (!children.length) break;
    end = children[children.length - 1];
  }
  conversation.leaf = end.id;
}

/** What a user's message says to the model: its text, then each file in a fence that nothing inside it can close. */
export function spoken(node) {
  const files = (node.files ?? []).map(file => {
    const fence = '`'.repeat(Math.max(3, ...[...file.text.matchAll(/`+/g)].map(run => run[0].length + 1)));
    return `File: ${file.name}\n${fence}${file.name.split('.').pop().replace(/[^\w+-]/g, '')}\n${file.text}${file.text.endsWith('\n') ? '' : '\n'}${fence}`;
  });
  return [...files, node.content].filter(part => part !== '').join('\n\n');
}

/** The calls of an answer that were carried out, with their results, as the API takes them: they stand before its text. */
export function carriedOut(node) {
  return (node.toolCalls ?? []).filter(call => call.result !== undefined).flatMap(({ id, name, arguments: given, result }) => [
    { role: 'assistant', content: '', tool_calls: [{ id, type: 'function', function: { name, arguments: given } }] },
    { role: 'tool', tool_call_id: id, name, content: result },
  ]);
}

/** The messages before `node` as the API takes them. */
export function requestMessages(conversation, parent) {
  const messages = conversation.system.trim() ? [{ role: 'system', content: conversation.system }] : [];
  for (const node of path(conversation, parent)) {
    messages.push(...carriedOut(node), { role: node.role, content: node.role === 'user' ? spoken(node) : node.content });
  }
  return messages;
}

export function title(conversation) {
  if (conversation.title) return conversation.title;
  const first = Object.values(conversation.nodes).find(node => node.parent === null);
  const text = first ? first.content.trim().replace(/\s+/g, ' ') || first.files?.[0]?.name || '' : '';
  return text ? (text.length > 60 ? text.slice(0, 57).trimEnd() + '…' : text) : 'New chat';
}

export function toMarkdown(conversation) {
  const parts = [`# ${title(conversation)}`, `${new Date(conversation.created).toISOString()} · ${conversation.model}`];
  if (conversation.system.trim()) parts.push('## System', conversation.system);
  for (const node of path(conversation)) parts.push(node.role === 'user' ? '## User' : `## Assistant${node.model ? ` (${node.model})` : ''}`, node.role === 'user' ? spoken(node) : node.content);
  return parts.join('\n\n') + '\n';
}

export function toJson(conversation) {
  const keep = ({ tokens, live, version, ...node }) => node;
  return JSON.stringify({ ...conversation, messages: requestMessages(conversation, conversation.leaf), nodes: Object.fromEntries(Object.entries(conversation.nodes).map(([id, node]) => [id, keep(node)])) }, null, 2) + '\n';
}
