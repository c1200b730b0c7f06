// Edits on disk in the browser, from before they are sent until the server has acknowledged them.
// One IndexedDB store for all datasets; `scope` keeps workspaces and datasets apart.

const DATABASE = "tator-labeller";
const STORE = "edits";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore(STORE, { keyPath: "seq", autoIncrement: true });
      store.createIndex("scope", "scope");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the edit queue is held by another version of this page"));
  });
}

/** Runs `work(store)` in one transaction; resolves with what `work`'s request gave once the transaction is complete. */
function transact(database, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error("the edit queue was not written"));
  });
}

class DiskQueue {
  durable = true;

  constructor(database, scope) {
    this.database = database;
    this.scope = scope;
  }

  all() {
    return transact(this.database, "readonly", (store) => store.index("scope").getAll(this.scope));
  }

  get(seq) {
    return transact(this.database, "readonly", (store) => store.get(seq));
  }

  /** Appends an entry; resolves with its place in the queue when it is on disk. */
  append(entry) {
    const { seq, ...fresh } = entry; // the place is given by the database
    return transact(this.database, "readwrite", (store) => store.add({ ...fresh, scope: this.scope }));
  }

  /** Removes and rewrites entries, all or nothing. */
  change({ remove = [], put = [] }) {
    return transact(this.database, "readwrite", (store) => {
      for (const seq of remove) store.delete(seq);
      for (const entry of put) store.put({ ...entry, scope: this.scope });
    });
  }
}

/** The same in memory: for browsers that refuse storage, and for tests. */
export class MemoryQueue {
  durable = false;
  entries = new Map();
  last = 0;

  async all() {
    return [...this.entries.values()].sort((a, b) => a.seq - b.seq);
  }

  async get(seq) {
    return this.entries.get(seq);
  }

  async append(entry) {
    this.last += 1;
    this.entries.set(this.last, structuredClone({ ...entry, seq: this.last }));
    return this.last;
  }

  async change({ remove = [], put = [] }) {
    for (const seq of remove) this.entries.delete(seq);
    for (const entry of put) this.entries.set(entry.seq, structuredClone(entry));
  }
}

export async function openQueue(scope) {
  try {
    return new DiskQueue(await opened(), scope);
  } catch (error) {
    console.warn("edits wait in memory only:", error);
    return new MemoryQueue();
  }
}
