// The load generator of bench/load, as a promise.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { atExit } from '../downloads/at-exit.mjs';
import { target } from '../downloads/server.mjs';

const program = join(target, 'release', 'load');

/** @typedef {Record<string, number>} Outcome */

export class Client {
  #process;
  #lines;

  /** @param {object} job see bench/load/src/main.rs */
  constructor(job) {
    const child = spawn(program, [JSON.stringify(job)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const forget = atExit(() => child.kill('SIGKILL'));
    child.once('exit', forget);
  }

  /** The next line that it prints. @returns {Promise<Outcome>} */
  async next() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the load generator failed');
    return JSON.parse(value);
  }

  /** Says that it is over, and waits for what it has to say. */
  async end() {
    this.#process.stdin.end();
    return this.next();
  }
}

/** Requests until all are answered. @param {object} job */
export async function requests(job) {
  return new Client({ kind: 'requests', ...job }).next();
}
