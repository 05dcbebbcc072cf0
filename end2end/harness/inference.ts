// An inference worker, started from a page and spoken to in its own words (crates/inference-protocol).
import { until } from './wait.ts';
import type { Evaluates } from './store.ts';

const VERSION = 'modelferry-inference-1';

interface Holder {
  inference: { worker: Worker; said: string[] };
}

/** What is said of one message: its first word, the other words of its line, and the lines after it. */
export interface Said {
  kind: string;
  words: string[];
  lines: string[];
}

export class Inference {
  readonly #page: Evaluates;
  /** Messages that were looked at. */
  #seen = 0;

  private constructor(page: Evaluates) {
    this.#page = page;
  }

  /** Starts a worker; what it says is kept in the page. */
  static async start(page: Evaluates): Promise<Inference> {
    await page.evaluate((_) => {
      const worker = new Worker('/inference-worker.js');
      const said: string[] = [];
      worker.onmessage = ({ data }) => said.push(data);
      worker.onerror = (event) => said.push(`modelferry-inference-1 broke ${event.message}`);
      (globalThis as unknown as Holder).inference = { worker, said };
    }, null);
    return new Inference(page);
  }

  async post(...messages: string[]): Promise<void> {
    await this.#page.evaluate(
      (messages) => {
        const { worker } = (globalThis as unknown as Holder).inference;
        for (const message of messages) worker.postMessage(message);
      },
      messages.map((message) => `${VERSION} ${message}`),
    );
  }

  /** Everything that was said so far and not looked at before. */
  async said(): Promise<Said[]> {
    const texts = await this.#page.evaluate(
      (from) => (globalThis as unknown as Holder).inference.said.slice(from),
      this.#seen,
    );
    this.#seen += texts.length;
    return texts.map((text) => {
      const [line, ...rest] = text.split('\n');
      const lines = rest.filter((line) => line);
      const [version, kind, ...words] = line!.split(' ');
      if (version !== VERSION) throw new Error(`not understood: ${text}`);
      return { kind: kind!, words, lines };
    });
  }

  /** Waits for a message of one of these kinds; gives everything up to then, the message last. */
  async until(...kinds: string[]): Promise<Said[]> {
    const all: Said[] = [];
    await until(`the inference worker to say ${kinds.join(' or ')}`, async () => {
      all.push(...(await this.said()));
      const broken = all.find(({ kind }) => kind === 'broke');
      if (broken) throw new Error(broken.words.join(' '));
      return all.some(({ kind }) => kinds.includes(kind));
    });
    return all;
  }

  /** Loads a model; the worker says how that went. */
  async load(model: string, revision: string): Promise<Said> {
    await this.post(`load ${revision} ${model}`);
    return (await this.until('loaded', 'failed')).at(-1)!;
  }

  /** Indexes a text to its end; gives its passages as the worker has told where they are. */
  async index(job: number, text: string): Promise<string[]> {
    await this.post(`index ${job}\n${text}`);
    const said = await this.until('indexed', 'index-failed');
    const last = said.at(-1)!;
    if (last.kind !== 'indexed') throw new Error(`${last.kind} ${last.words.join(' ')}`);
    const spans = said.find(({ kind }) => kind === 'passages')!.lines.map((line) => line.split(' ').map(Number));
    return spans.map(([, , start, end]) => text.slice(start, end));
  }

  /** Searches; gives the numbers of the passages and their similarities, best first. */
  async query(job: number, number: number, text: string, limit = 5): Promise<Array<{ passage: number; similarity: number }>> {
    await this.post(`query ${job} ${number} ${limit}\n${text}`);
    const last = (await this.until('hits', 'query-failed')).at(-1)!;
    if (last.kind !== 'hits') throw new Error(`${last.kind} ${last.words.join(' ')}`);
    return last.lines.map((line) => {
      const [passage, similarity] = line.split(' ').map(Number);
      return { passage: passage!, similarity: similarity! / 1e6 };
    });
  }

  async end(): Promise<void> {
    await this.#page.evaluate((_) => (globalThis as unknown as Holder).inference.worker.terminate(), null);
  }
}
