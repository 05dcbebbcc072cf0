// The servers that are compared, each of the same folder, on a free port of the loopback interface.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Child } from '../downloads/child.mjs';
import { program, root, target } from '../downloads/server.mjs';
import { until } from '../downloads/until.mjs';
import { MODEL, PIECE } from './fixture.mjs';

/**
 * A server that runs.
 * @typedef {object} Server
 * @property {Child} child
 * @property {string} address as `host:port`
 * @property {(name: string) => string} file URL of a file of the model
 * @property {{ paths: string[], part?: [number, number] }} pieces what to ask for to get pieces of 32 MiB of one file
 */

/** Connections at a time; one row opens 10,000. */
const CONNECTIONS = 12_000;
/** Seconds that an idle connection is kept: longer than any row takes. */
const IDLE = 600;

/** @param {string} name @param {string} models @param {string} own a folder for what it writes @returns {Promise<Server>} */
export async function start(name, models, own) {
  mkdirSync(own, { recursive: true });
  if (name === 'modelferry') return modelferry(models);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const child = name === 'nginx' ? nginx(models, own, port) : sws(models, port);
  const file = (/** @type {string} */ path) => `/${MODEL}/${path}`;
  await until(`${name} to answer`, () => fetch(`http://${address}${file('config.json')}`).then((answer) => answer.ok, () => false));
  return { child, address, file, pieces: { paths: [file('one.bin')], part: [PIECE, 1 << 30] } };
}

/** @param {string} models @returns {Child} */
export function startModelferry(models) {
  if (!existsSync(program)) throw new Error('there is no release build: run ./scripts/test build');
  const flags = ['--models', models, '--listen', '127.0.0.1:0', '--max-connections', String(CONNECTIONS)];
  const settings = Object.entries(process.env).filter(([key]) => !/^(MODELFERRY|LEPTOS)_/.test(key));
  const args = [...flags, '--head-seconds', String(IDLE), '--site', join(target, 'site')];
  return new Child(program, args, { cwd: root, env: Object.fromEntries(settings) });
}

/** @param {string} models @returns {Promise<Server>} */
async function modelferry(models) {
  const child = startModelferry(models);
  const address = await child.printed(/listening on http:\/\/(\S+)/);
  const manifest = `http://${address}/api/models/${MODEL}/manifest/main`;
  await until('the model to be indexed', async () => (await fetch(manifest)).ok, 300_000);
  /** @type {{ revision: string, files: { path: string, pieces: string[] }[] }} */
  const { revision, files } = await (await fetch(manifest)).json();
  const pieces = files.find(({ path }) => path === 'one.bin')?.pieces ?? [];
  const file = (/** @type {string} */ path) => `/${MODEL}/resolve/${revision}/${path}`;
  return { child, address, file, pieces: { paths: pieces.map((digest) => `/pieces/${digest}`) } };
}

/** @param {string} models @param {string} own @param {number} port */
function nginx(models, own, port) {
  const configuration = join(own, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${own}/${what};`);
  // Debian's is made with modules that want these folders, though nothing is ever put there.
  writeFileSync(
    configuration,
    `daemon off; worker_processes 2; worker_rlimit_nofile 20000; pid ${own}/nginx.pid; error_log ${own}/error.log;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections ${CONNECTIONS}; }
    http {
      sendfile on; tcp_nopush on; access_log off; etag on; server_tokens off;
      keepalive_timeout ${IDLE}; keepalive_requests 1000000000; ${temporary.join(' ')}
      server { listen 127.0.0.1:${port} backlog=4096; root ${models}; }
    }\n`,
  );
  return new Child('nginx', ['-c', configuration, '-e', join(own, 'error.log')]);
}

/** @param {string} models @param {number} port */
function sws(models, port) {
  const place = join(target, 'bench', 'tools', 'bin', 'static-web-server');
  if (!existsSync(place)) throw new Error('there is no static-web-server: run ./bench/server without --no-build');
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--root', models, '--log-level', 'error'];
  return new Child(place, [...flags, '--compression', 'false', '--cache-control-headers', 'false']);
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((found, failed) => {
    const listener = createServer().once('error', failed);
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      listener.close(() => found(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
