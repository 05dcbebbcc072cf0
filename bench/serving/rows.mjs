// What is measured of a server: each row is one figure, or two.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, until } from '../downloads/until.mjs';
import { Client, requests, secureDownloads } from './client.mjs';
import { cool, FILES, GIB, MODEL, warm } from './fixture.mjs';
import { memory, peakMemory, processorTime } from './group.mjs';
import { startModelferry } from './servers.mjs';

const MIB = 1 << 20;
/** Downloads that a neighbour has to live with. */
const DOWNLOADED = FILES.slice(0, 3);
/** How many single clients come one after the other: which core each ends up on decides half of its speed. */
const CLIENTS = 8;
const PINGERS = { connections: 4, rest_ms: 5 };

/** @typedef {import('./servers.mjs').Server} Server */
/** @typedef {Record<string, number>} Figures by name; `cpu` in seconds for each GB or in microseconds for each request */

/** @type {Record<string, (server: Server, models: string) => Promise<Figures>>} */
export const ROWS = {
  one: (server) => transfer(server, { paths: [server.file('one.bin')], connections: 1, requests: 2 }, CLIENTS),
  ranges: (server) =>
    transfer(server, { paths: [server.file('one.bin')], part: [MIB, GIB], connections: 64, requests: 100 }),
  pieces: (server) => transfer(server, { ...server.pieces, connections: 64, requests: 4 }),
  head: async (server) => {
    const job = { address: server.address, method: 'HEAD', paths: [server.file('one.bin')], connections: 64 };
    const { cpu, outcome } = await timed(server, () => requests({ ...job, requests: 2500 }));
    return { cpu: (cpu / (outcome.requests ?? NaN)) * 1e6, rate: (outcome.requests ?? NaN) / (outcome.seconds ?? NaN) };
  },
  slow: (server) =>
    crowd(server, { method: 'GET', paths: [server.file('one.bin')], connections: 256, bytes_per_second: 64 << 10 }),
  idle: (server) => crowd(server, { method: 'HEAD', paths: [server.file('config.json')], connections: 10_000 }),
  warm: (server, models) => neighbour(server, models, warm),
  cold: (server, models) => neighbour(server, models, cool),
};

/** The rows of a server that speaks TLS. @type {Record<string, (server: Server) => Promise<Figures>>} */
export const SECURE_ROWS = {
  tls1: (server) => secureTransfer(server, '1.1'),
  tls2: (server) => secureTransfer(server, '2'),
};

/** @param {Server} server @param {() => Promise<Figures>} work */
async function timed(server, work) {
  const before = processorTime(server.child.pid);
  const outcome = await work();
  return { cpu: processorTime(server.child.pid) - before, outcome };
}

/** @param {Server} server @param {object} job @param {number} [times] one after the other */
async function transfer(server, job, times = 1) {
  const get = { address: server.address, method: 'GET', ...job };
  const all = async () => {
    let [bytes, seconds] = [0, 0];
    for (let n = 0; n < times; n++) {
      const outcome = await requests(get);
      bytes += outcome.bytes ?? NaN;
      seconds += outcome.seconds ?? NaN;
    }
    return { bytes, seconds };
  };
  return perByte(await timed(server, all));
}

/** @param {{ cpu: number, outcome: Figures }} transferred */
function perByte({ cpu, outcome }) {
  const gigabytes = (outcome.bytes ?? NaN) / 1e9;
  return { cpu: cpu / gigabytes, rate: gigabytes / (outcome.seconds ?? NaN) };
}

/** @param {Server} server @param {'1.1' | '2'} http */
async function secureTransfer(server, http) {
  const job = { address: server.address, path: server.file('one.bin'), http, requests: 2 };
  return perByte(await timed(server, () => secureDownloads(job)));
}

/** @param {Server} server @param {object} job */
async function crowd(server, job) {
  const client = new Client({ kind: 'crowd', address: server.address, ...job });
  await client.next();
  await sleep(1500);
  const held = memory(server.child.pid);
  await client.end();
  return held;
}

/** How long a small file takes while large ones are downloaded. @param {Server} server @param {string} models
 * @param {(paths: string[]) => void} prepare */
async function neighbour(server, models, prepare) {
  prepare(DOWNLOADED.map((name) => join(models, MODEL, name)));
  const ping = { kind: 'pings', address: server.address, method: 'GET', paths: [server.file('config.json')], ...PINGERS };
  const pings = new Client(ping);
  const download = { address: server.address, method: 'GET', connections: 3, requests: 1 };
  await requests({ ...download, paths: DOWNLOADED.map(server.file) });
  const { p50_ms: p50 = NaN, p99_ms: p99 = NaN } = await pings.end();
  return { p50, p99 };
}

/** How long our server takes to start on files that it knows. @param {string} models */
export async function startWithMany(models) {
  const began = performance.now();
  const child = startModelferry(models);
  const address = await child.printed(/listening on http:\/\/(\S+)/);
  const health = await (await fetch(`http://${address}/healthz`)).json();
  const seconds = (performance.now() - began) / 1000;
  await child.end();
  if (health.models !== 100 || health.pending !== 0 || health.hashed_files !== 0 || health.waiting_files !== 0) {
    throw new Error(`it does not know its files: ${JSON.stringify(health)}`);
  }
  return { seconds };
}

/** How long the first index of a model takes, and how long `sha256sum` on all cores. @param {string} models */
export async function firstIndex(models) {
  const paths = FILES.map((name) => join(models, MODEL, name));
  warm(paths);
  const records = join(models, '.modelferry');
  if (existsSync(records)) rmSync(records, { recursive: true });
  const began = performance.now();
  const child = startModelferry(models);
  const address = await child.printed(/listening on http:\/\/(\S+)/);
  const model = `http://${address}/api/models/${MODEL}`;
  await until('the model to be indexed', async () => (await fetch(model)).ok, 300_000);
  const seconds = (performance.now() - began) / 1000;
  const peak = peakMemory(child.pid);
  await child.end();
  const again = performance.now();
  const input = paths.join('\0');
  execFileSync('sh', ['-c', 'xargs -0 -n 1 -P "$(nproc)" sha256sum'], { input, stdio: ['pipe', 'ignore', 'inherit'] });
  return { seconds, sha256sum: (performance.now() - again) / 1000, peak };
}
