// Writes and reads the files of parts; see files.rs. A message is [operation, folder, name, argument, ranges], with a port for
// the answer: [result, error, memory]. If the argument is bytes, the last is its memory, which is lent and given back.
const BYTES = 65536;
const open = new Map();
let last = Promise.resolve();

onmessage = ({ data: [operation, folder, name, argument, ranges], ports: [port] }) => {
  const memory = argument?.buffer;
  const answer = (result, error) =>
    port.postMessage([result, error, memory], [result?.buffer, memory].filter(Boolean));
  const failed = (error) => answer(undefined, `${error}`);
  last = last.then(() => operations[operation](folder, name, argument, ranges)).then(answer, failed);
};
postMessage('ready');

const operations = {
  /** Writes the bytes of these ranges, one after the other, and then says that they are there. */
  async write(folder, name, bytes, ranges) {
    const file = await opened(folder, name, true);
    if (8 * (file.ranges + 1) + 4 * ranges.length > BYTES) throw new RangeError('there is no room for more ranges');
    let at = 0;
    for (let i = 0; i < ranges.length; i += 2) {
      const length = ranges[i + 1] - ranges[i];
      write(file.handle, bytes.subarray(at, at + length), BYTES + ranges[i]);
      at += length;
    }
    // What is behind them from before a crash counts no more.
    write(file.handle, new Uint32Array([...ranges, 0, 0]), 8 * file.ranges);
    file.ranges += ranges.length / 2;
  },

  /** A range, and the bytes of it; empty where there are no more, and where there is no file. */
  async read(folder, name, index) {
    try {
      const { handle } = await opened(folder, name, false);
      const range = rangeAt(handle, index);
      if (!range) return new Uint8Array(0);
      const record = new Uint8Array(8 + range[1] - range[0]);
      record.set(new Uint8Array(range.buffer));
      handle.read(record.subarray(8), { at: BYTES + range[0] });
      return record;
    } catch (error) {
      if (error.name === 'NotFoundError') return new Uint8Array(0);
      throw error;
    }
  },

  /** The SHA-256 of as many bytes of the file as fit into the memory of the piece, where they are then. Closes the file. */
  async digest(folder, name, bytes) {
    const { handle } = await opened(folder, name, false);
    const length = handle.read(bytes, { at: BYTES });
    await operations.close(folder, name);
    return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.subarray(0, length)));
  },

  async close(_, name) {
    await open.get(name)?.handle.close();
    open.delete(name);
  },
};

/** An open file, and how many ranges are in it. What is awaited of it is a promise in Safari before 16.4. */
async function opened(folder, name, create) {
  let file = open.get(name);
  if (!file) {
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(folder, { create });
    const handle = await unlocked(await directory.getFileHandle(name, { create }));
    file = { handle, ranges: 0 };
    open.set(name, file);
    while (rangeAt(handle, file.ranges)) file.ranges++;
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

function write(handle, bytes, at) {
  if (handle.write(bytes, { at }) < bytes.byteLength) throw new DOMException('cut short', 'QuotaExceededError');
}

/** The range of this index, if there is one and the file has its bytes. */
function rangeAt(handle, index) {
  const range = new Uint32Array(2);
  if (8 * index >= BYTES || handle.read(range, { at: 8 * index }) < 8) return undefined;
  const end = new Uint8Array(1);
  return range[0] < range[1] && handle.read(end, { at: BYTES + range[1] - 1 }) === 1 ? range : undefined;
}
