// The fault-injecting proxy in front of a server: what goes wrong on the way to the browser, and an exact
// account of what was sent. The rules are those of `fault-proxy --help`.
import { existsSync } from 'node:fs';
import { proxyProgram } from './paths.ts';
import { Process } from './process.ts';
import type { Site } from './site.ts';

/** Which requests a rule is about, and what goes wrong with their answers. */
export interface Rule {
  name?: string;
  /** A prefix, or with `*` a glob over the whole path. */
  path?: string;
  method?: string;
  /** Only requests with (or without) `Range`. */
  ranged?: boolean;
  /** So many matching requests are left out first. */
  skip?: number;
  /** Then so many get the faults. */
  times?: number;

  delay_ms?: number;
  bytes_per_second?: number;
  cut_at?: number;
  cut_kind?: 'fin' | 'reset';
  stall_at?: number;
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  corrupt_at?: number;
  truncate_to?: number;
  drop_headers?: string[];
  set_headers?: Record<string, string>;
  gzip?: boolean;
  ignore_range?: boolean;
  replace?: { from: string; to: string };
}

export interface UsedRule extends Rule {
  /** Requests that it is about. */
  matched: number;
  /** Requests that it has given a fault to. */
  used: number;
}

/** One request that came to the proxy. */
export interface Passed {
  number: number;
  method: string;
  path: string;
  query: string | null;
  range: string | null;
  if_range: string | null;
  /** Null until there is one. */
  status: number | null;
  /** Of the body, handed to the connection so far. */
  bytes: number;
  ms: number;
  /** Names of the rules that had a fault for it. */
  faults: string[];
  ended: 'complete' | 'cut' | 'truncated' | 'client-gone' | 'upstream-gone' | 'open';
}

export class FaultProxy implements Site {
  #process: Process | undefined;
  #url = '';
  #model = '';
  #control = '';

  /** Starts it in front of a server, without faults. */
  async start(server: Site): Promise<void> {
    if (!existsSync(proxyProgram)) throw new Error('there is no fault-proxy: run ./scripts/test build');
    this.#model = server.model;
    this.#process = new Process(proxyProgram, ['--upstream', server.url]);
    this.#url = await this.#process.printed(/^listening on (http:\S+)/, 10_000);
    this.#control = await this.#process.printed(/^control on (http:\S+)/, 10_000);
  }

  async stop(): Promise<void> {
    await this.#process?.end('SIGTERM');
  }

  get started(): boolean {
    return this.#process !== undefined;
  }

  /** What a browser opens. */
  get url(): string {
    return this.#url;
  }

  get model(): string {
    return this.#model;
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  get output(): string {
    return this.#process?.output ?? '(never started)';
  }

  /** What goes wrong from now on. Replaces what was said before; answers under way go on as they were. */
  async rules(rules: Rule[]): Promise<void> {
    await this.#command('PUT', '/rules', rules);
  }

  /** The rules in force, and how often each was used. */
  async used(): Promise<UsedRule[]> {
    return (await this.#command('GET', '/rules')) as UsedRule[];
  }

  /** All requests since the start, or since `mark`, also those under way. */
  async log(since = 0): Promise<Passed[]> {
    return (await this.#since(since)).requests;
  }

  /** A point in the log, for `log`, `bytesSent` and `pieceBytes`. */
  async mark(): Promise<number> {
    return (await this.#since(Number.MAX_SAFE_INTEGER)).next;
  }

  /** Bytes of bodies sent, also in answers that were cut or are under way. */
  async bytesSent({ path = '/', since = 0 }: { path?: string; since?: number } = {}): Promise<number> {
    const requests = (await this.log(since)).filter((request) => request.path.startsWith(path));
    return requests.reduce((sum, request) => sum + request.bytes, 0);
  }

  /** Bytes of pieces sent: with the model's size subtracted, what was wasted. */
  async pieceBytes(since = 0): Promise<number> {
    return this.bytesSent({ path: '/pieces/', since });
  }

  /** The server is gone: connections are cut, and refused. */
  async down(): Promise<void> {
    await this.#command('PUT', '/upstream', { up: false });
  }

  /** The server is back, at the same address. */
  async up(): Promise<void> {
    await this.#command('PUT', '/upstream', { up: true });
  }

  /** Another server answers, from the next request on. */
  async upstream(server: Site): Promise<void> {
    await this.#command('PUT', '/upstream', { url: server.url });
  }

  /** Cuts all open connections now; comes back when they are closed. */
  async cut(kind: 'fin' | 'reset' = 'fin'): Promise<void> {
    await this.#command('POST', '/cut', { kind });
  }

  async #since(since: number): Promise<{ requests: Passed[]; next: number }> {
    return (await this.#command('GET', `/log?since=${since}`)) as { requests: Passed[]; next: number };
  }

  async #command(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#control}${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }
}
