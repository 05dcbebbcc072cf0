// A browser's tabs by its debugging protocol, through two pipes, with no more of it than a benchmark needs. Playwright asks
// each page to tell of its network, and for whoever asks that, Chromium keeps up to 200 MB of what the page fetched.
import { until } from './until.mjs';

/** @typedef {{ id?: number, result?: any, error?: { message: string } }} Message */

export class Devtools {
  #out;
  #next = 1;
  /** @type {Map<number, { done(result: any): void, failed(error: Error): void }>} */
  #waiting = new Map();

  /** @param {import('node:stream').Writable} out to the browser @param {import('node:stream').Readable} from it */
  constructor(out, from) {
    this.#out = out;
    out.on('error', () => this.#end());
    let rest = '';
    from.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#take(JSON.parse(message));
    });
    from.on('close', () => this.#end());
  }

  /** @param {string} method @param {object} [params] @param {string} [sessionId] of a tab @returns {Promise<any>} */
  send(method, params = {}, sessionId) {
    const id = this.#next++;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** A new tab, in front. */
  async open() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    await tab.send('Page.enable');
    return tab;
  }

  /** @param {Message} message */
  #take({ id, result, error }) {
    const waiting = this.#waiting.get(id ?? 0);
    this.#waiting.delete(id ?? 0);
    if (error) waiting?.failed(new Error(error.message));
    else waiting?.done(result);
  }

  #end() {
    for (const { failed } of this.#waiting.values()) failed(new Error('the browser has ended'));
    this.#waiting.clear();
  }
}

export class Tab {
  #devtools;
  #target;
  #session;

  /** @param {Devtools} devtools @param {string} target @param {string} session */
  constructor(devtools, target, session) {
    this.#devtools = devtools;
    this.#target = target;
    this.#session = session;
  }

  /** @param {string} method @param {object} [params] */
  send(method, params) {
    return this.#devtools.send(method, params, this.#session);
  }

  /**
   * Runs a function in each page that is opened from now on, before the page's own scripts.
   * @template T
   * @param {(argument: T) => void} run @param {T} [argument]
   */
  async first(run, argument) {
    await this.send('Page.addScriptToEvaluateOnNewDocument', { source: call(run, argument) });
  }

  /** @param {string} url */
  async goto(url) {
    await this.send('Page.navigate', { url });
    await until(`${url} to be loaded`, () =>
      this.evaluate((wanted) => location.href === wanted && document.readyState === 'complete', url),
    );
  }

  /**
   * What a function returns that runs in the page, as after a click there.
   * @template T, R
   * @param {(argument: T) => R} run @param {T} [argument]
   * @returns {Promise<Awaited<R>>}
   */
  async evaluate(run, argument) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression: call(run, argument),
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async close() {
    await this.#devtools.send('Target.closeTarget', { targetId: this.#target });
  }
}

/** @param {Function} run @param {unknown} argument */
function call(run, argument) {
  return `(${run})(${JSON.stringify(argument) ?? ''})`;
}
