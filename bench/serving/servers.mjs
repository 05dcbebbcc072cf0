// The servers that are compared, each of the same folder, on a free port of the loopback interface.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

/** @typedef {{ cert: string, key: string }} Tls */

/**
 * @param {string} name
 * @param {string} models
 * @param {string} own a folder for what it writes
 * @param {Tls} [tls] in clear text without
 * @returns {Promise<Server>}
 */
export async function start(name, models, own, tls) {
  mkdirSync(own, { recursive: true });
  if (name === 'modelferry') return modelferry(models, tls);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const child = name === 'nginx' ? nginx(models, own, port, tls) : sws(models, port, tls);
  const file = (/** @type {string} */ path) => `/${MODEL}/${path}`;
  await until(`${name} to answer`, async () => (await get(address, file('config.json'), tls)) !== '');
  return { child, address, file, pieces: { paths: [file('one.bin')], part: [PIECE, 1 << 30] } };
}

/** What is there; nothing, if it is not. @param {string} address @param {string} path @param {Tls} [tls] */
async function get(address, path, tls) {
  // Node's own client would have to be told to trust the certificate for the whole process.
  const url = `${tls ? 'https' : 'http'}://${address}${path}`;
  const trust = tls ? ['--cacert', tls.cert] : [];
  return promisify(execFile)('curl', ['--silent', '--fail', ...trust, url]).then(({ stdout }) => stdout, () => '');
}

/** @param {string} models @param {Tls} [tls] @returns {Child} */
export function startModelferry(models, tls) {
  if (!existsSync(program)) throw new Error('there is no release build: run ./scripts/test build');
  const flags = ['--models', models, '--listen', '127.0.0.1:0', '--max-connections', String(CONNECTIONS)];
  const secure = tls ? ['--tls-cert', tls.cert, '--tls-key', tls.key] : [];
  const settings = Object.entries(process.env).filter(([key]) => !/^(MODELFERRY|LEPTOS)_/.test(key));
  const args = [...flags, ...secure, '--head-seconds', String(IDLE), '--site', join(root, 'target', 'site')];
  return new Child(program, args, { cwd: root, env: Object.fromEntries(settings) });
}

/** @param {string} models @param {Tls} [tls] @returns {Promise<Server>} */
async function modelferry(models, tls) {
  const child = startModelferry(models, tls);
  const address = await child.printed(/listening on https?:\/\/(\S+)/);
  const manifest = () => get(address, `/api/models/${MODEL}/manifest/main`, tls);
  await until('the model to be indexed', async () => (await manifest()) !== '', 300_000);
  /** @type {{ revision: string, files: { path: string, pieces: string[] }[] }} */
  const { revision, files } = JSON.parse(await manifest());
  const pieces = files.find(({ path }) => path === 'one.bin')?.pieces ?? [];
  const file = (/** @type {string} */ path) => `/${MODEL}/resolve/${revision}/${path}`;
  return { child, address, file, pieces: { paths: pieces.map((digest) => `/pieces/${digest}`) } };
}

/** @param {string} models @param {string} own @param {number} port @param {Tls} [tls] */
function nginx(models, own, port, tls) {
  const configuration = join(own, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${own}/${what};`);
  const secure = tls ? `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.3;` : '';
  // Debian's is made with modules that want these folders, though nothing is ever put there.
  writeFileSync(
    configuration,
    `daemon off; worker_processes 2; worker_rlimit_nofile 20000; pid ${own}/nginx.pid; error_log ${own}/error.log;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections ${CONNECTIONS}; }
    http {
      sendfile on; tcp_nopush on; access_log off; etag on; server_tokens off;
      keepalive_timeout ${IDLE}; keepalive_requests 1000000000; ${temporary.join(' ')}
      ${secure}
      server { listen 127.0.0.1:${port}${tls ? ' ssl http2' : ''} backlog=4096; root ${models}; }
    }\n`,
  );
  return new Child('nginx', ['-c', configuration, '-e', join(own, 'error.log')]);
}

/** @param {string} models @param {number} port @param {Tls} [tls] */
function sws(models, port, tls) {
  const place = join(target, 'bench', 'tools', 'bin', 'static-web-server');
  if (!existsSync(place)) throw new Error('there is no static-web-server: run ./bench/server without --no-build');
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--root', models, '--log-level', 'error'];
  const secure = tls ? ['--http2', 'true', '--http2-tls-cert', tls.cert, '--http2-tls-key', tls.key] : [];
  return new Child(place, [...flags, ...secure, '--compression', 'false', '--cache-control-headers', 'false']);
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
