// Child processes, ended by their own id together with what they started themselves.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { atExit } from './at-exit.mjs';
import { until } from './until.mjs';

export class Child {
  #process;
  /** @type {string[]} */
  #lines = [];
  #ended = false;
  #forget;

  /** @param {string} program @param {string[]} args @param {import('node:child_process').SpawnOptions} [more] */
  constructor(program, args, more = {}) {
    this.#process = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...more, detached: true });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#lines.push(line));
    }
    this.#process.on('error', (error) => {
      this.#lines.push(error.message);
      this.#ended = true;
    });
    this.#process.on('exit', () => {
      this.#ended = true;
    });
    this.#forget = atExit(() => this.#signal('SIGKILL'));
  }

  /** Also the id of its process group. */
  get pid() {
    if (this.#process.pid === undefined) throw new Error(`it did not start: ${this.#lines.join('\n')}`);
    return this.#process.pid;
  }

  /** A pipe to or from it, by its number. @param {number} number */
  pipe(number) {
    return this.#process.stdio[number];
  }

  /** @param {RegExp} pattern The first group of the first printed line that matches. @returns {Promise<string>} */
  async printed(pattern) {
    const found = () => this.#lines.map((line) => line.match(pattern)?.[1]).find(Boolean);
    await until(`a line like ${pattern}`, () => found() ?? this.#ended);
    const text = found();
    if (!text) throw new Error(`it ended before it printed a line like ${pattern}:\n${this.#lines.join('\n')}`);
    return text;
  }

  async end() {
    if (this.#signal('SIGKILL')) await until('a process group to end', () => !this.#signal(0));
    this.#forget();
  }

  /** To the whole group; says whether there is anybody left. @param {NodeJS.Signals | 0} name */
  #signal(name) {
    try {
      return this.#process.pid !== undefined && process.kill(-this.#process.pid, name);
    } catch {
      return false;
    }
  }
}
