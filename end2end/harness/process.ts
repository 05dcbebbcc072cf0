// Child processes that are always ended by their own id. Each leads a group of its own, so that the children it
// has itself (a browser has many) end with it.
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from './wait.ts';

export class Process {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #ended = false;

  constructor(program: string, args: string[], options: SpawnOptions = {}) {
    this.#child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => this.#lines.push(line));
    }
    this.#child.on('error', (error) => {
      this.#lines.push(`could not start ${program}: ${error.message}`);
      this.#ended = true;
    });
    this.#child.on('exit', (code, signal) => {
      this.#lines.push(`(ended: ${signal ?? code})`);
      this.#ended = true;
    });
  }

  /** What it has printed so far. */
  get output(): string {
    return this.#lines.join('\n');
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The first group of the first printed line that matches. */
  async printed(pattern: RegExp, timeout: number): Promise<string> {
    const found = () => this.#lines.map((line) => line.match(pattern)?.[1]).find(Boolean);
    await until(`a line like ${pattern}`, () => found() ?? this.#ended, { timeout });
    const text = found();
    if (!text) throw new Error(`it ended before it printed a line like ${pattern}:\n${this.output}`);
    return text;
  }

  async gone(timeout: number): Promise<void> {
    await until('the process to end', () => this.#ended, { timeout });
  }

  /** To it and all its children. */
  signal(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, name);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#ended) {
      this.#child.kill(signal);
      await this.gone(10_000);
    }
    await this.#endGroup();
  }

  /** Ends what the process has left running, and comes back when nothing of it is there any more. */
  async #endGroup(): Promise<void> {
    const group = this.#child.pid;
    if (group === undefined) return;
    const signal = (name: NodeJS.Signals | 0): boolean => {
      try {
        return process.kill(-group, name);
      } catch {
        return false;
      }
    };
    if (signal('SIGKILL')) await until('all children to end', () => !signal(0), { timeout: 10_000 });
  }
}
