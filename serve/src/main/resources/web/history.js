// The chats of this browser: search, rename, delete, export.
import { el, h, iconButton, icon, button, download, useEffect, useRef, useState, Dialog } from './ui.js';
import { erase, save } from './store.js';
import { title, toJson, toMarkdown } from './tree.js';

export function History({ list, current, search, onOpen, onNew, onChanged, onClose }) {
  const [wanted, setWanted] = useState('');
  const [renaming, setRenaming] = useState(null), [deleting, setDeleting] = useState(null);
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length ? list.filter(each => { const text = everything(each); return words.every(word => text.includes(word)); }) : list;
  return el.aside({ class: 'history', 'aria-label': 'Chats' },
    el.div({ class: 'history-head' }, button('New chat', onNew, { icon: 'plus', class: 'new-chat', title: 'New chat (Ctrl-Shift-O)' }), iconButton('close', 'Close the list', onClose, { class: 'side-close' })),
    el.div({ class: 'search' }, icon('search'), el.input({ ref: search, type: 'search', placeholder: 'Search chats', 'aria-label': 'Search chats (Ctrl-K)', value: wanted, onInput: event => setWanted(event.currentTarget.value) })),
    el.ul({ class: 'chats' }, groups(found).map(([name, chats]) => [
      el.li({ key: name, class: 'group' }, name),
      ...chats.map(chat => h(Item, { key: chat.id, chat, current: chat.id === current, renaming: renaming === chat.id, onOpen, onRename: () => setRenaming(chat.id), onDelete: () => setDeleting(chat), onRenamed: async name => {
        setRenaming(null);
        if (name !== null) {
          chat.title = name.trim();
          await save(chat);
          onChanged();
        }
      } }))]),
    !found.length && el.li({ class: 'hint none' }, words.length ? 'No chat has these words' : 'Chats are kept in this browser only')),
    deleting && h(Dialog, { title: 'Delete this chat?', onClose: () => setDeleting(null) }, el.p(`“${title(deleting)}” is erased from this browser.`),
      el.div({ class: 'row' }, button('Delete', async () => { const id = deleting.id; setDeleting(null); await erase(id); onChanged(id); }, { class: 'danger' }), button('Keep', () => setDeleting(null)))));
}

const everything = chat => (title(chat) + ' ' + Object.values(chat.nodes).map(node => node.content).join(' ')).toLowerCase();

function groups(chats) {
  const today = new Date().setHours(0, 0, 0, 0), found = new Map();
  for (const chat of chats) {
    const name = chat.updated >= today ? 'Today' : chat.updated >= today - 6 * 86_400_000 ? 'This week' : 'Earlier';
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(chat);
  }
  return [...found];
}

function Item({ chat, current, renaming, onOpen, onRename, onRenamed, onDelete }) {
  const field = useRef(), menu = useRef();
  useEffect(() => { if (renaming) field.current.select(); }, [renaming]);
  useEffect(() => {
    const away = event => { if (menu.current?.open && !menu.current.contains(event.target)) menu.current.open = false; };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, []);
  if (renaming) {
    return el.li(el.input({
      ref: field, class: 'rename', 'aria-label': 'Name of the chat', value: title(chat), maxLength: 120, onBlur: event => onRenamed(event.currentTarget.value),
      onKeyDown: event => {
        if (event.key === 'Enter') event.currentTarget.blur();
        else if (event.key === 'Escape') { event.stopPropagation(); onRenamed(null); }
      },
    }));
  }
  const file = title(chat).replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 50) || 'chat';
  const act = work => () => { menu.current.open = false; work(); };
  return el.li({ class: current ? 'current' : '' },
    el.button({ type: 'button', class: 'chat-name', onClick: () => onOpen(chat), onDblClick: onRename, 'aria-current': current ? 'true' : undefined }, title(chat)),
    el.details({ class: 'menu', ref: menu }, el.summary({ 'aria-label': `More about ${title(chat)}`, title: 'More' }, icon('more')),
      el.div({ class: 'menu-items' },
        button('Rename', act(onRename), { icon: 'edit' }),
        button('Export as Markdown', act(() => download(file + '.md', 'text/markdown', toMarkdown(chat))), { icon: 'save' }),
        button('Export as JSON', act(() => download(file + '.json', 'application/json', toJson(chat))), { icon: 'save' }),
        button('Delete', act(onDelete), { icon: 'trash' }))));
}
