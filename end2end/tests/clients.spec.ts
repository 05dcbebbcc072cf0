// Programs that nobody here wrote: downloaders that resume, the hub's own client with nothing but the address changed,
// and a checker of HTTP.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clients } from '../harness/paths.ts';
import { expect, expectedDigests, type FaultProxy, MODEL, type Rule, type Server, test as base } from '../harness/test.ts';

const WEIGHTS = 'model.safetensors';

const test = base.extend<{ folder: string }>({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'modelferry-clients-'));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

/** Runs a program to its end, whether that is good or not. */
async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<{ status: number; said: string }> {
  // A proxy of the machine's is no business of these tests.
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { env: { ...clean, ...env }, maxBuffer: 16 << 20 });
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

test('the hub’s Python client and its command bring the model, and go on after a cut', async ({ server, faultProxy, folder }) => {
  await faultProxy.rules([await cut(server, 1, 30_000_000)]);
  const env = {
    HF_ENDPOINT: faultProxy.url,
    HF_HOME: join(folder, 'home'),
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
  };
  const got = await run(join(clients, 'bin/python'), ['clients/snapshot.py', MODEL], env);
  expect(got.status, got.said).toBe(0);
  const told = JSON.parse(got.said.split('\n').find((line) => line.startsWith('{'))!);
  const manifest = await server.manifest();
  expect(told.sha).toBe(manifest.revision);
  expect(told.files.toSorted()).toEqual(manifest.files.map((file) => file.path).toSorted());
  expect(sha256(told.one)).toBe(expectedDigests().get('config.json'));
  expect(sha256(told.old)).toBe(expectedDigests().get('config.json'));
  for (const [path, digest] of expectedDigests()) expect(sha256(join(told.all, path)), path).toBe(digest);
  expect((await asked(faultProxy)).ranges.some((range) => range?.startsWith('bytes=') && range !== 'bytes=0-0')).toBe(true);

  const there = join(folder, 'there');
  const command = await run(join(clients, 'bin/hf'), ['download', MODEL, '--local-dir', there], env);
  expect(command.status, command.said).toBe(0);
  for (const [path, digest] of expectedDigests()) expect(sha256(join(there, path)), path).toBe(digest);

  const missing = await run(join(clients, 'bin/hf'), ['download', MODEL, 'no-such-file.bin'], env);
  expect(missing.status).not.toBe(0);
  expect(missing.said).toMatch(/404|not found|EntryNotFound/i);
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

// Not the pages: they are made for each request, and have no validator yet.
test('redbot finds nothing to warn of', async ({ server }) => {
  test.setTimeout(240_000);
  const manifest = await server.manifest();
  const [file] = manifest.files;
  const page = await (await fetch(server.url)).text();
  const assets = [...page.matchAll(/"(\/pkg\/[^"]+)"/g)].map((match) => match[1]!);
  expect(assets.length).toBeGreaterThan(1);
  const { revision } = manifest;
  const paths = [
    `/${MODEL}/resolve/${revision}/${file!.path}`,
    `/${MODEL}/resolve/main/${file!.path}`,
    `/pieces/${file!.pieces[0]}`,
    '/api/models',
    `/api/models/${MODEL}`,
    `/api/models/${MODEL}/revision/${revision}`,
    `/api/models/${MODEL}/tree/${revision}`,
    `/api/models/${MODEL}/manifest/${revision}`,
    `/api/models/${MODEL}/manifest/${revision}?form=text`,
    '/healthz',
    '/service-worker.js',
    '/assets/icon-192.png',
    '/no-such-page',
    ...new Set(assets),
  ];
  for (const path of paths) {
    const { status, said } = await run(join(clients, 'bin/redbot'), ['-o', 'har', `${server.url}${path}`]);
    expect(status, said).toBe(0);
    const { log } = JSON.parse(said);
    const notes: Note[] = log.entries.flatMap((entry: { _red_messages: Note[] }) => entry._red_messages);
    // It has looked.
    expect(notes.length, path).toBeGreaterThan(2);
    const warnings = notes.filter(({ level }) => !['GOOD', 'INFO'].includes(level));
    expect(warnings.filter(({ note_id }) => note_id !== MEANT), path).toEqual([]);
  }
});
