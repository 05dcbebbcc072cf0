// The release server, with the pages of this benchmark beside its own.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.mjs';
import { MODEL } from './model.mjs';
import { until } from './until.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
export const program = join(target, 'release', 'modelferry');

/** @typedef {{ method: string, path: string, status: number, bytes: number, range: string | null, ms: number }} Line */

export class Server {
  #child;
  #log;
  #origin = '';

  /**
   * @param {{ folder: string, models: string, piece: number | undefined, listen: string, inside: string[] }} settings
   *   `folder` is for its own files; `inside` is a command to start it with, for instance in a network namespace.
   */
  constructor({ folder, models, piece, listen, inside }) {
    if (!existsSync(program)) throw new Error('there is no release build: run ./scripts/test build');
    const site = join(folder, 'site');
    mkdirSync(site, { recursive: true });
    cpSync(join(root, 'target', 'site'), site, { recursive: true });
    cpSync(fileURLToPath(new URL('site', import.meta.url)), join(site, 'assets', 'bench'), { recursive: true });
    this.#log = join(folder, 'access.log');
    writeFileSync(this.#log, '');
    const args = ['--models', models, '--listen', listen, '--site', site, '--access-log', this.#log];
    if (piece) args.push('--piece-size', String(piece));
    const settings = Object.entries(process.env).filter(([name]) => !/^(MODELFERRY|LEPTOS)_/.test(name));
    const [command = program, ...rest] = [...inside, program, ...args];
    this.#child = new Child(command, rest, { cwd: root, env: Object.fromEntries(settings) });
  }

  /** `host:port` it listens on. @returns {Promise<string>} */
  async address() {
    return this.#child.printed(/listening on http:\/\/(\S+)/);
  }

  /**
   * Comes back when it has read the model.
   * @param {string} origin how the browser reaches it
   */
  async ready(origin) {
    this.#origin = origin;
    await until('the model to be in the catalogue', async () => (await fetch(this.manifestUrl)).ok, 300_000);
  }

  get manifestUrl() {
    return `${this.#origin}/api/models/${MODEL}/manifest/main`;
  }

  /** @returns {Promise<{ revision: string, piece_size: number, files: { path: string, size: number }[] }>} */
  async manifest() {
    return (await fetch(this.manifestUrl)).json();
  }

  /** Requests for the model's bytes that were answered after the first `since` ones. @returns {Line[]} */
  log(since = 0) {
    const lines = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line)).filter(isOfModel).slice(since);
  }

  async end() {
    await this.#child.end();
  }
}

/** @param {Line} line */
function isOfModel({ method, path }) {
  return method === 'GET' && (path.startsWith('/pieces/') || path.includes('/resolve/') || path.includes('/manifest/'));
}
