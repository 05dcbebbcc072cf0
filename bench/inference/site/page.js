// The page of the benchmark: one worker of ours and one with transformers.js, asked for the same.

/** @param {Worker} worker @param {(text: string) => boolean} is @returns {Promise<string>} */
function said(worker, is) {
  return new Promise((resolve, reject) => {
    worker.addEventListener('error', (event) => reject(new Error(event.message)));
    worker.addEventListener('message', ({ data }) => {
      if (/ (failed|index-failed|query-failed) /.test(data)) reject(new Error(data));
      if (is(data)) resolve(data);
    });
  });
}

const VERSION = 'modelferry-inference-1';

class Ours {
  job = 0;

  /** @param {string} script */
  constructor(script) {
    this.worker = new Worker(script);
  }

  /** @param {string} message @param {string} answer the first word of what is waited for */
  ask(message, answer) {
    const coming = said(this.worker, (text) => text.startsWith(`${VERSION} ${answer}`));
    this.worker.postMessage(`${VERSION} ${message}`);
    return coming;
  }

  /** Milliseconds for these texts, and how many passages they became. @param {string[]} texts */
  async embed(texts) {
    const job = (this.job += 1);
    const passages = said(this.worker, (text) => text.startsWith(`${VERSION} passages ${job}\n`));
    const start = performance.now();
    await this.ask(`index ${job}\n${texts.join('\n\n')}`, `indexed ${job}`);
    return { ms: performance.now() - start, passages: (await passages).split('\n').length - 1 };
  }

  /** Bytes of its program's memory; only of the script that can be asked. */
  memory() {
    const coming = said(this.worker, (text) => text.startsWith('memory '));
    this.worker.postMessage('memory?');
    return coming.then((text) => Number(text.split(' ')[1]));
  }
}

const bench = {
  /** Milliseconds from nothing to a loaded model, and to the first thing that was found.
   * @param {string} model @param {string} revision */
  async first(model, revision) {
    const start = performance.now();
    const ours = new Ours('/inference-worker.js');
    await ours.ask(`load ${revision} ${model}`, 'loaded');
    const loaded = performance.now() - start;
    await ours.ask('index 1\nThe harbour froze in January.', 'indexed');
    await ours.ask('query 1 1 1\na cold winter', 'hits');
    const found = performance.now() - start;
    ours.worker.terminate();
    return { loaded, found };
  },

  /** @param {string} model @param {string} revision */
  async startOurs(model, revision) {
    bench.ours = new Ours('measured-worker.js');
    await bench.ours.ask(`load ${revision} ${model}`, 'loaded');
  },

  /** @param {string[]} texts */
  embedWithOurs: (texts) => bench.ours.embed(texts),
  memoryOfOurs: () => bench.ours.memory(),

  /** @param {string} model */
  async startTheirs(model) {
    bench.theirs = new Worker('transformers-worker.js', { type: 'module' });
    const start = performance.now();
    const ready = said(bench.theirs, (text) => text === 'ready');
    bench.theirs.postMessage({ model });
    await ready;
    return performance.now() - start;
  },

  /** @param {string[]} texts @param {number} batch */
  async embedWithTheirs(texts, batch) {
    const done = said(bench.theirs, (text) => text.startsWith('done '));
    const start = performance.now();
    bench.theirs.postMessage({ texts, batch });
    const tokens = Number((await done).split(' ')[1]);
    return { ms: performance.now() - start, tokens };
  },
};
globalThis.bench = bench;
