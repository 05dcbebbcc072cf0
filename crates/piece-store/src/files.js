// Writes and reads the files of parts; see files.rs. A message is [operation, folder, name, argument], with a port for the
// answer: [result, error].
const open = new Map();
let last = Promise.resolve();

onmessage = ({ data: [operation, folder, name, argument], ports: [port] }) => {
  const answer = (result, error) => port.postMessage([result, error], result ? [result.buffer] : []);
  const failed = (error) => answer(undefined, `${error}`);
  last = last.then(() => operations[operation](folder, name, argument)).then(answer, failed);
};
postMessage('ready');

const operations = {
  /** Appends records; gives their memory back. */
  async write(folder, name, records) {
    const file = await opened(folder, name, true);
    try {
      if (file.handle.write(records, { at: file.end }) < records.length) {
        throw new DOMException('a record was cut short', 'QuotaExceededError');
      }
    } catch (error) {
      await file.handle.truncate(file.end);
      throw error;
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
      if (error.name === 'NotFoundError') return new Uint8Array(0);
      throw error;
    }
  },

  async close(_, name) {
    await open.get(name)?.handle.close();
    open.delete(name);
  },
};

/** An open file, and where its last whole record ends. What is awaited of it is a promise in Safari before 16.4. */
async function opened(folder, name, create) {
  let file = open.get(name);
  if (!file) {
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(folder, { create });
    const handle = await unlocked(await directory.getFileHandle(name, { create }));
    file = { handle, end: 0 };
    open.set(name, file);
    for (let length; (length = lengthOf(handle, file.end)); ) file.end += length;
    await handle.truncate(file.end);
  }
  return file;
}

/** The file of a page that has just gone is free in a moment. */
async function unlocked(file) {
  for (let tries = 0; ; tries++) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if (error.name !== 'NoModificationAllowedError' || tries === 20) throw error;
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
}

/** The length of the record that begins there; 0 if there is none, or not all of it. */
function lengthOf(handle, at) {
  const head = new DataView(new ArrayBuffer(8));
  if (handle.read(head, { at }) < 8) return 0;
  const length = head.getUint32(4, true) - head.getUint32(0, true);
  const end = new Uint8Array(1);
  return length > 0 && handle.read(end, { at: at + 7 + length }) === 1 ? 8 + length : 0;
}
