// What is measured, in the page: it goes there as text.

/** @param {{ url: string, pieces: string[], size: number }} setting */
export async function inPage({ url, pieces, size }) {
  await navigator.serviceWorker.ready;
  const MIB = 1 << 20;
  let memory = new ArrayBuffer(4 * MIB);
  /**
   * Into the same memory again and again: an ordinary reader's arrays are left to the collector, a gigabyte of them.
   * @param {ReadableStream<Uint8Array> | null | undefined} body
   */
  async function drain(body) {
    const reader = body?.getReader({ mode: 'byob' });
    let bytes = 0;
    for (;;) {
      const next = await reader?.read(new Uint8Array(memory));
      if (!next?.value) return bytes;
      memory = next.value.buffer;
      if (next.done) return bytes;
      bytes += next.value.length;
    }
  }
  /** @param {() => Promise<number>} read Milliseconds that it takes; throws if it is not all of it. */
  async function timed(read) {
    const start = performance.now();
    const bytes = await read();
    if (bytes !== size) throw new Error(`${bytes} of ${size} bytes`);
    return performance.now() - start;
  }
  /**
   * Opens and reads one after the other.
   * @param {string[]} urls @param {(url: string) => Promise<Response | undefined>} open
   */
  const all = (urls, open) =>
    timed(async () => {
      let bytes = 0;
      for (const url of urls) bytes += await drain((await open(url))?.body);
      return bytes;
    });
  const reading = {
    through: () => all([url], (url) => fetch(url)),
    /** In several answers. @param {string[]} urls */
    each: (urls) => all(urls, (url) => fetch(url)),
    direct: () => all(pieces.map((piece) => `/pieces/${piece}`), (path) => caches.match(path)),
    /** @param {number} count */
    async ranges(count) {
      const times = [];
      for (let n = 0; n < count; n++) {
        const first = Math.floor(Math.random() * (size - MIB));
        const start = performance.now();
        const answer = await fetch(url, { headers: { range: `bytes=${first}-${first + MIB - 1}` } });
        const { byteLength } = await answer.arrayBuffer();
        if (answer.status !== 206 || byteLength !== MIB) throw new Error(`${answer.status}, ${byteLength} bytes`);
        times.push(performance.now() - start);
      }
      return times;
    },
  };
  Object.assign(globalThis, { reading });
}
