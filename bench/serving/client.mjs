// The load generator of bench/load, as a promise.
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

/**
 * Downloads over TLS 1.3, one after another on one connection, with a cipher that every server has: how many bytes came,
 * and in which time.
 * @param {{ address: string, path: string, http: '1.1' | '2', requests: number }} job
 * @returns {Promise<Outcome>}
 */
export async function secureDownloads({ address, path, http, requests }) {
  const said = ['--write-out', '%{http_code} %{http_version} %{size_download}\n'];
  const spoken = [`--http${http}`, '--tlsv1.3', '--tls13-ciphers', 'TLS_AES_128_GCM_SHA256', '--insecure'];
  const wanted = Array.from({ length: requests }, () => ['--output', '/dev/null', `https://${address}${path}`]).flat();
  const began = performance.now();
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', ...spoken, ...said, ...wanted]);
  const seconds = (performance.now() - began) / 1000;
  const answers = stdout.trim().split('\n').map((line) => line.split(' '));
  const wrong = answers.find(([status, version]) => status !== '200' || version !== http);
  if (wrong || answers.length !== requests) throw new Error(`expected ${requests} answers by HTTP/${http}: ${stdout}`);
  return { bytes: answers.reduce((sum, [, , bytes]) => sum + Number(bytes), 0), requests, seconds };
}
