// The release server, with the pages of this benchmark beside its own.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
   * @param {string} [site] the folder of its pages, if not those that are inside it
   */
  constructor({ folder, models, piece, listen, inside }, site) {
    if (!existsSync(program)) throw new Error('there is no release build: run ./scripts/build');
    this.#log = join(folder, 'access.log');
    writeFileSync(this.#log, '');
    const args = ['--models', models, '--listen', listen, '--access-log', this.#log];
    if (site) args.push('--site', site);
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

/**
 * A folder with the server's own pages and those of this benchmark.
 * @param {string} folder to make it in @param {string} models
 */
export async function siteWithBench(folder, models) {
  const site = join(folder, 'site');
  mkdirSync(site);
  const server = new Server({ folder, models, piece: undefined, listen: '127.0.0.1:0', inside: [] });
  try {
    const origin = `http://${await server.address()}`;
    const page = await (await fetch(`${origin}/`)).text();
    for (const path of new Set(page.match(/\/pkg\/[\w.-]+\.(?:js|wasm|css)/g))) {
      const answer = await fetch(origin + path);
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      mkdirSync(dirname(join(site, path)), { recursive: true });
      writeFileSync(join(site, path), new Uint8Array(await answer.arrayBuffer()));
    }
  } finally {
    await server.end();
  }
  cpSync(join(root, 'public', 'assets'), join(site, 'assets'), { recursive: true });
  cpSync(fileURLToPath(new URL('site', import.meta.url)), join(site, 'assets', 'bench'), { recursive: true });
  return site;
}

/** @param {Line} line */
function isOfModel({ method, path }) {
  return method === 'GET' && (path.startsWith('/pieces/') || path.includes('/resolve/') || path.includes('/manifest/'));
}
