// A page of the same origin that is not ours, as somebody would write it: plain HTML, with Modelferry's module in it. What
// stands between server and browser serves it, as a reverse proxy would.
import type { DownloadOptions, Progress, Status } from '../../module/modelferry.js';
import type { FaultProxy, Rule } from '../harness/proxy.ts';
import { until } from '../harness/wait.ts';
import type { Driver } from './driver.ts';

type Modelferry = typeof import('../../module/modelferry.js');

declare global {
  var modelferry: Modelferry;
  /** The calls of `download` that the page has made. */
  var calls: Call[];
  var aborts: AbortController[];
}

/** What came of a call. */
export interface Call {
  progress: Progress[];
  status?: Status;
  error?: Failure;
}

/** What there is to see of an error. */
export interface Failure {
  name: string;
  message: string;
  code: string | undefined;
  model: string | undefined;
  cause: string;
  isModelferryError: boolean;
}

const PATH = '/own/page.html';

/** Serves a document there. */
export function ownPage(body: string): Rule {
  const head = '<!doctype html><meta charset="utf-8"><title>Own page</title><link rel="icon" href="data:,">';
  return { name: 'own page', path: PATH, status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `${head}\n${body}` };
}

const SCRIPT = `<script type="module">
import * as modelferry from '/modelferry.js';
Object.assign(globalThis, { modelferry, calls: [], aborts: [] });
</script>`;

export class OwnPage {
  readonly #driver: Driver;
  readonly #proxy: FaultProxy;

  constructor(driver: Driver, proxy: FaultProxy) {
    this.#driver = driver;
    this.#proxy = proxy;
  }

  /** Opens the page in the tab that is looked at. */
  async open(...rules: Rule[]): Promise<void> {
    await this.rules(...rules);
    await this.#driver.open(`${this.#proxy.url}${PATH}`);
    await until('the module to be there', () => this.#driver.evaluate(() => 'modelferry' in globalThis, null));
  }

  /** What goes wrong from now on, beside the page itself. */
  async rules(...rules: Rule[]): Promise<void> {
    await this.#proxy.rules([ownPage(SCRIPT), ...rules]);
  }

  status(model: string): Promise<Status> {
    return this.#driver.evaluate((model) => modelferry.status(model), model);
  }

  list(): Promise<Status[]> {
    return this.#driver.evaluate(() => modelferry.list(), null);
  }

  remove(model: string): Promise<void> {
    return this.#driver.evaluate((model) => modelferry.remove(model), model);
  }

  url(model: string, file: string): Promise<string> {
    return this.#driver.evaluate(({ model, file }) => modelferry.url(model, file), { model, file });
  }

  /** Calls `download`; says the number of the call. */
  download(model: string, options: Pick<DownloadOptions, 'revision' | 'engine'> = {}): Promise<number> {
    return this.#driver.evaluate(
      ({ model, options }) => {
        const call: Call = { progress: [] };
        const abort = new AbortController();
        aborts.push(abort);
        modelferry
          .download(model, { ...options, signal: abort.signal, onProgress: (progress) => call.progress.push(progress) })
          .then(
            (status) => (call.status = status),
            (error) =>
              (call.error = {
                name: error.name,
                message: error.message,
                code: error.code,
                model: error.model,
                cause: String(error.cause),
                isModelferryError: error instanceof modelferry.ModelferryError,
              }),
          );
        return calls.push(call) - 1;
      },
      { model, options },
    );
  }

  abort(number: number, reason: string): Promise<void> {
    return this.#driver.evaluate(({ number, reason }) => aborts[number]!.abort(new Error(reason)), { number, reason });
  }

  call(number: number): Promise<Call> {
    return this.#driver.evaluate((number) => calls[number]!, number);
  }

  /** Waits until so many bytes are here, at most a moment ago. */
  async isPast(number: number, bytes: number): Promise<void> {
    await this.#waits(`more than ${bytes} bytes`, number, (call) => (call.progress.at(-1)?.loaded ?? 0) > bytes);
  }

  async phase(number: number, phase: Progress['phase']): Promise<Progress> {
    const call = await this.#waits(`the phase ${phase}`, number, (call) => call.progress.at(-1)?.phase === phase);
    return call.progress.at(-1)!;
  }

  /** Waits for the end; throws if it is another one. */
  async ready(number: number): Promise<Call & { status: Status }> {
    const call = await this.#ends(number);
    if (!call.status) throw new Error(`the download failed: ${JSON.stringify(call.error)}`);
    return { ...call, status: call.status };
  }

  async fails(number: number): Promise<Failure> {
    const { error } = await this.#ends(number);
    if (!error) throw new Error('the download did not fail');
    return error;
  }

  #ends(number: number): Promise<Call> {
    return this.#waits('an end', number, (call) => Boolean(call.status ?? call.error));
  }

  async #waits(what: string, number: number, is: (call: Call) => boolean): Promise<Call> {
    let call: Call | undefined;
    try {
      await until(what, async () => is((call = await this.call(number))), { timeout: 90_000, interval: 100 });
      return call!;
    } catch (error) {
      const last = JSON.stringify({ ...call, progress: call?.progress.slice(-3) });
      throw new Error(`${(error as Error).message}; last of the download: ${last}`, { cause: error });
    }
  }
}
