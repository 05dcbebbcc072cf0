// Keeps files of parts; see files.rs. A message is [what to do, folder, name, argument], with a port for the answer: [result] or
// [undefined, error].
const open = new Map();
let last = Promise.resolve();

onmessage = ({ data: [operation, folder, name, argument], ports: [port] }) => {
  const done = (result) => port.postMessage([result], result?.buffer ? [result.buffer] : []);
  const failed = (error) => port.postMessage([undefined, `${error}`]);
  last = last.then(() => operations[operation](folder, name, argument)).then(done, failed);
};

const operations = {
  /** Appends records; gives their memory back. */
  async write(folder, name, records) {
    const file = await opened(folder, name, true);
    if (file.handle.write(records, { at: file.end }) < records.length) {
      throw new DOMException('a record was cut short', 'QuotaExceededError');
    }
    file.end += records.length;
    return records;
  },

  /** The record that begins there; empty at the end, and where there is no file. */
  async read(folder, name, at) {
    try {
      const { handle } = await opened(folder, name, false);
      const record = new Uint8Array(lengthOf(handle, at));
      handle.read(record, { at });
      return record;
    } catch (error) {
      return unless(error, 'NotFoundError', new Uint8Array(0));
    }
  },

  async list(folder) {
    const names = [];
    for await (const name of (await directory(folder)).keys()) names.push(name);
    return names;
  },

  /** Says whether it was there and is not any more: nobody removes what another page has open. */
  async remove(folder, name) {
    await open.get(name)?.handle.close();
    open.delete(name);
    const within = await directory(folder);
    try {
      await unlocked(() => within.removeEntry(name));
      return true;
    } catch (error) {
      return unless(error, 'NotFoundError NoModificationAllowedError', false);
    }
  },
};

async function directory(folder) {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(folder, { create: true });
}

/** An open file, and where its last whole record ends. What is awaited of it is a promise in Safari before 16.4. */
async function opened(folder, name, create) {
  let file = open.get(name);
  if (!file) {
    const entry = await (await directory(folder)).getFileHandle(name, { create });
    const handle = await unlocked(() => entry.createSyncAccessHandle());
    file = { handle, end: 0 };
    for (let length; (length = lengthOf(handle, file.end)); ) file.end += length;
    await handle.truncate(file.end);
    open.set(name, file);
  }
  return file;
}

/** The file of a page that has just gone is free in a moment. */
async function unlocked(use) {
  for (let tries = 0; ; tries++) {
    try {
      return await use();
    } catch (error) {
      if (tries === 20) throw error;
      unless(error, 'NoModificationAllowedError');
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
}

function unless(error, names, result) {
  if (!names.split(' ').includes(error.name)) throw error;
  return result;
}

/** The length of the record that begins there; 0 if there is none, or not all of it. */
function lengthOf(handle, at) {
  const head = new DataView(new ArrayBuffer(8));
  if (handle.read(head, { at }) < 8) return 0;
  const length = head.getUint32(4, true) - head.getUint32(0, true);
  const end = new Uint8Array(1);
  return length > 0 && handle.read(end, { at: at + 7 + length }) === 1 ? 8 + length : 0;
}
