// Programs that nobody here wrote: downloaders that resume, the hub's own client with nothing but the address changed,
// and a checker of HTTP.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { clients, root, sharedModels } from '../harness/paths.ts';
import { expect, expectedDigests, type FaultProxy, MODEL, type Rule, type Server, test as base } from '../harness/real.ts';

const WEIGHTS = 'model.safetensors';

const test = base.extend<{ folder: string }>({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'modelferry-clients-'));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

/** Runs a program to its end, whether that is good or not. */
async function run(
  program: string,
  args: string[],
  env: Record<string, string> = {},
  cwd?: string,
): Promise<{ status: number; said: string }> {
  // A proxy of the machine's is no business of these tests.
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { env: { ...clean, ...env }, cwd, maxBuffer: 16 << 20 });
    return { status: 0, said: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number | string; stdout: string; stderr: string };
    // A program that could not be started has a word instead.
    if (typeof code !== 'number') throw error;
    return { status: code, said: stdout + stderr };
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(new Uint8Array(readFileSync(path))).digest('hex');
}

const expected = () => expectedDigests().get(WEIGHTS)!;

async function size(server: Server): Promise<number> {
  const { files } = await server.manifest();
  return files.find((file) => file.path === WEIGHTS)!.size;
}

/** Requests for the weights' bytes: which ranges were asked for, and how many bytes came. */
async function asked(proxy: FaultProxy): Promise<{ ranges: (string | null)[]; bytes: number }> {
  const log = (await proxy.log()).filter((request) => request.method === 'GET' && request.path.endsWith(WEIGHTS) && request.status !== 307);
  return { ranges: log.map((request) => request.range), bytes: log.reduce((sum, request) => sum + request.bytes, 0) };
}

/** The first answers with the weights are cut after so many bytes. */
async function cut(server: Server, times: number, cut_at: number): Promise<Rule> {
  const { revision } = await server.manifest();
  return { name: 'cut', method: 'GET', path: `/${MODEL}/resolve/${revision}/${WEIGHTS}`, times, cut_at };
}

for (const [name, first, again] of [
  ['curl -C -', ['curl', '-sSLf', '-o'], ['curl', '-sSLf', '-C', '-', '-o']],
  ['wget -c', ['wget', '-q', '--tries=1', '-O'], ['wget', '-q', '--tries=1', '-c', '-O']],
] as const) {
  test(`${name} goes on where it was cut, at the moving address too`, async ({ server, faultProxy, folder }) => {
    await faultProxy.rules([await cut(server, 1, 30_000_000)]);
    const path = join(folder, WEIGHTS);
    const url = `${faultProxy.url}/${MODEL}/resolve/main/${WEIGHTS}`;
    const [program, ...args] = [...first, path, url];
    expect((await run(program, args)).status, 'the first try is cut').not.toBe(0);
    const here = statSync(path).size;
    expect(here).toBeGreaterThan(0);
    expect(here).toBeLessThanOrEqual(30_000_000);

    const [program2, ...args2] = [...again, path, url];
    const resumed = await run(program2, args2);
    expect(resumed.status, resumed.said).toBe(0);
    expect(sha256(path)).toBe(expected());
    const { ranges, bytes } = await asked(faultProxy);
    expect(ranges.at(-1)).toBe(`bytes=${here}-`);
    // What was on its way at the cut counts as sent.
    expect(bytes).toBeLessThanOrEqual((await size(server)) + 30_000_000 - here);
  });
}

test('aria2c with sixteen connections brings the file that its SHA-256 names', async ({ server, faultProxy, folder }) => {
  await faultProxy.rules([await cut(server, 3, 1_000_000)]);
  const url = `${faultProxy.url}/${MODEL}/resolve/main/${WEIGHTS}`;
  const args = ['-q', '-x16', '-s16', '-k1M', '--retry-wait=1', `--checksum=sha-256=${expected()}`, '-d', folder, '-o', WEIGHTS, url];
  const done = await run('aria2c', args);
  expect(done.status, done.said).toBe(0);
  expect(sha256(join(folder, WEIGHTS))).toBe(expected());
  expect((await asked(faultProxy)).ranges.filter(Boolean).length).toBeGreaterThanOrEqual(16);
});

/** The hub's client keeps what it has below the test's folder, and tells nobody. */
function hubSettings(endpoint: string, folder: string): Record<string, string> {
  return {
    HF_ENDPOINT: endpoint,
    HF_HOME: join(folder, 'home'),
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
  };
}

/** The commands by which the README says how to use the server as a hub, as they stand there. */
function readmeCommands(): string[] {
  const section = readFileSync(join(root, 'README.md'), 'utf8').split('\n### Use it as your own hub mirror\n')[1]!;
  return section.split('\n```sh\n')[1]!.split('\n```\n')[0]!.split('\n');
}

test('the README has three commands for hub clients', () => {
  expect(readmeCommands().map((command) => command.replace(/^HF_ENDPOINT=\S+ /, '').split(' ')[0])).toEqual(['hf', 'python3', 'curl']);
});

for (const command of readmeCommands()) {
  test(`the README’s command brings what it says, and goes on after a cut: ${command.slice(0, 60)}`, async ({ server, faultProxy, folder }) => {
    await faultProxy.rules([await cut(server, 1, 30_000_000)]);
    const { HF_ENDPOINT: _, ...env } = hubSettings('', folder);
    env.PATH = `${join(clients, 'bin')}:${process.env.PATH}`;
    const here = command.replaceAll('http://localhost:3000', faultProxy.url);
    expect(here).not.toBe(command);
    const again = () => run('bash', ['-c', here], env, folder);
    let done = await again();
    // Where a user sees that it was cut, and calls it again.
    if (done.status !== 0) done = await again();
    expect(done.status, done.said).toBe(0);
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(WEIGHTS));
    expect(found).toHaveLength(1);
    const place = dirname(join(folder, found[0]!));
    const brought = command.startsWith('curl') ? [WEIGHTS] : [...expectedDigests().keys()];
    for (const path of brought) expect(sha256(join(place, path)), path).toBe(expectedDigests().get(path));
    expect((await faultProxy.used())[0]!.used).toBe(1);
    const { ranges } = await asked(faultProxy);
    expect(ranges.some((range) => /^bytes=[1-9]\d*-/.test(range ?? ''))).toBe(true);
  });
}

test('the hub’s Python client and its command bring the model, and go on after a cut', async ({ server, faultProxy, folder }) => {
  await faultProxy.rules([await cut(server, 1, 30_000_000)]);
  const env = hubSettings(faultProxy.url, folder);
  const got = await run(join(clients, 'bin/python'), ['clients/snapshot.py', MODEL], env);
  expect(got.status, got.said).toBe(0);
  const told = JSON.parse(got.said.split('\n').find((line) => line.startsWith('{'))!);
  const manifest = await server.manifest();
  expect(told.sha).toBe(manifest.revision);
  expect(told.found).toEqual([MODEL]);
  expect(told.branches).toEqual({ main: manifest.revision });
  expect(told.files.toSorted()).toEqual(manifest.files.map((file) => file.path).toSorted());
  expect(sha256(told.one)).toBe(expectedDigests().get('config.json'));
  expect(sha256(told.old)).toBe(expectedDigests().get('config.json'));
  for (const [path, digest] of expectedDigests()) expect(sha256(join(told.all, path)), path).toBe(digest);
  expect((await asked(faultProxy)).ranges.some((range) => range?.startsWith('bytes=') && range !== 'bytes=0-0')).toBe(true);

  // By the digests that the server lists.
  const verified = await run(join(clients, 'bin/hf'), ['cache', 'verify', MODEL], env);
  expect(verified.status, verified.said).toBe(0);

  const there = join(folder, 'there');
  const command = await run(join(clients, 'bin/hf'), ['download', MODEL, '--local-dir', there], env);
  expect(command.status, command.said).toBe(0);
  for (const [path, digest] of expectedDigests()) expect(sha256(join(there, path)), path).toBe(digest);

  const missing = await run(join(clients, 'bin/hf'), ['download', MODEL, 'no-such-file.bin'], env);
  expect(missing.status).not.toBe(0);
  expect(missing.said).toMatch(/404|not found|EntryNotFound/i);
});

test('the hub’s JavaScript client loads a tokenizer that works like the one on the disk', async ({ server, folder }) => {
  const args = [MODEL, server.url, folder, sharedModels, 'Pieces are named by what is in them, 模型 too.'];
  const got = await run(process.execPath, [join(root, 'end2end/clients/tokenizer.mjs'), ...args]);
  expect(got.status, got.said).toBe(0);
  const told = JSON.parse(got.said.split('\n').find((line) => line.startsWith('{'))!);
  expect(told.remote.length).toBeGreaterThan(10);
  expect(told.remote).toEqual(told.local);
  // What it keeps is what was sent.
  for (const path of ['tokenizer.json', 'tokenizer_config.json']) expect(sha256(join(folder, MODEL, path)), path).toBe(expectedDigests().get(path));
});

interface Note {
  note_id: string;
  level: string;
  summary: string;
}

/**
 * `public` is there for a reason: hub clients send tokens, and without it no shared cache could keep the answers (RFC 9111
 * section 3.5).
 */
const MEANT = 'STORE_PUBLIC_UNNECESSARY';

test('redbot finds nothing to warn of', async ({ server }) => {
  test.setTimeout(240_000);
  const manifest = await server.manifest();
  const [file] = manifest.files;
  const page = await (await fetch(server.url)).text();
  const assets = [...page.matchAll(/"(\/pkg\/[^"]+)"/g)].map((match) => match[1]!);
  expect(assets.length).toBeGreaterThan(1);
  const entry = await (await fetch(`${server.url}/modelferry.js`)).text();
  assets.push(...[...entry.matchAll(/'\.(\/module\/[^']+)'/g)].map((match) => match[1]!));
  expect(assets.length).toBeGreaterThan(3);
  const { revision } = manifest;
  const paths = [
    `/${MODEL}/resolve/${revision}/${file!.path}`,
    `/${MODEL}/resolve/main/${file!.path}`,
    `/pieces/${file!.pieces[0]}`,
    `/${MODEL}/raw/${revision}/${file!.path}`,
    '/',
    `/${MODEL}`,
    '/nobody/nothing',
    '/offline',
    '/api/index',
    '/api/models',
    '/api/models?search=minilm&limit=1',
    `/api/models/${MODEL}`,
    `/api/models/${MODEL}/refs`,
    `/api/models/${MODEL}/revision/${revision}`,
    `/api/models/${MODEL}/tree/${revision}`,
    `/api/models/${MODEL}/tree/${revision}?recursive=true`,
    `/api/models/${MODEL}/tree/main/1_Pooling`,
    `/api/models/${MODEL}/manifest/${revision}`,
    `/api/models/${MODEL}/manifest/${revision}?form=text`,
    '/healthz',
    '/modelferry.js',
    '/modelferry.d.ts',
    '/service-worker.js',
    '/inference-worker.js',
    '/manifest.webmanifest',
    '/assets/icon-192.png',
    '/assets/icon.svg',
    '/no-such-page',
    `/${MODEL}/resolve/main/no-such-file`,
    `/pieces/${'0'.repeat(64)}`,
    '/api/models/nobody/nothing',
    ...new Set(assets),
  ];
  const warnings: string[] = [];
  for (const path of paths) {
    const { status, said } = await run(join(clients, 'bin/redbot'), ['-o', 'har', `${server.url}${path}`]);
    expect(status, said).toBe(0);
    const { log } = JSON.parse(said);
    const notes: Note[] = log.entries.flatMap((entry: { _red_messages: Note[] }) => entry._red_messages);
    // It has looked.
    expect(notes.length, path).toBeGreaterThan(2);
    for (const { level, note_id, summary } of notes) {
      if (!['GOOD', 'INFO'].includes(level) && note_id !== MEANT) warnings.push(`${path}: ${level} ${note_id}, ${summary}`);
    }
  }
  expect(warnings).toEqual([]);
});
