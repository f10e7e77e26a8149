// Conversations live in this browser only (IndexedDB); without it, in memory until the page is closed.
let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('jackdaw', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('conversations', { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

const memory = new Map();

async function run(mode, work, instead) {
  try {
    const store = (await database()).transaction('conversations', mode).objectStore('conversations');
    return await new Promise((resolve, reject) => {
      const request = work(store);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } catch {
    return instead();
  }
}

/** All of them, the latest first. */
export async function all() {
  const found = await run('readonly', store => store.getAll(), () => [...memory.values()]);
  return found.sort((a, b) => b.updated - a.updated);
}

const plain = ({ nodes, ...rest }) => structuredClone({ ...rest, nodes: Object.fromEntries(Object.entries(nodes).map(([id, { live, version, ...node }]) => [id, node])) });

export function save(conversation) {
  const value = plain(conversation);
  return run('readwrite', store => store.put(value), () => memory.set(value.id, value));
}

export function erase(id) {
  return run('readwrite', store => store.delete(id), () => memory.delete(id));
}
