// What a user with curl sees.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, expectedDigests, MODEL, PIECE, type Server, test } from '../harness/real.ts';

interface Answer {
  status: number;
  headers: Map<string, string>;
}

async function head(url: string, ...headers: string[]): Promise<Answer> {
  const { stdout } = await promisify(execFile)('curl', [
    '--silent',
    '--show-error',
    '--noproxy',
    '*',
    '--head',
    ...headers.flatMap((header) => ['--header', header]),
    url,
  ]);
  const [status, ...lines] = stdout.trim().split(/\r?\n/);
  return {
    status: Number(status!.split(' ')[1]),
    headers: new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])),
  };
}

async function weights(server: Server) {
  const manifest = await server.manifest();
  const file = manifest.files.find((file) => file.path === 'model.safetensors')!;
  return { manifest, file, url: `${server.url}/${MODEL}/resolve/${manifest.revision}/${file.path}` };
}

function same(buffer: ArrayBuffer, expected: Uint8Array): boolean {
  return Buffer.compare(new Uint8Array(buffer), expected) === 0;
}

test('a file has its length, its SHA-256 as validator, ranges, and never changes', async ({ server }) => {
  const { url, file } = await weights(server);
  const digest = expectedDigests().get('model.safetensors');
  const { status, headers } = await head(url);
  expect(status).toBe(200);
  expect(headers.get('content-length')).toBe(String(file.size));
  expect(headers.get('etag')).toBe(`"${digest}"`);
  expect(headers.get('accept-ranges')).toBe('bytes');
  expect(headers.get('repr-digest')).toBe(`sha-256=:${Buffer.from(digest!, 'hex').toString('base64')}:`);
  expect(headers.get('cache-control')).toContain('immutable');

  expect((await head(url, `If-None-Match: "${digest}"`)).status).toBe(304);
  const part = await head(url, 'Range: bytes=1000-1999', `If-Range: "${digest}"`);
  // RFC 9110 section 14.2: a range is for GET; HEAD ignores it.
  expect(part.status).toBe(200);
});

test('main leads to the current revision by a relative redirect', async ({ server }) => {
  const { manifest } = await weights(server);
  const { status, headers } = await head(`${server.url}/${MODEL}/resolve/main/config.json`);
  expect(status).toBe(307);
  expect(headers.get('location')).toBe(`/${MODEL}/resolve/${manifest.revision}/config.json`);
});

test('a piece has a length and a validator, and no Accept-Ranges', async ({ server }) => {
  const { file } = await weights(server);
  const piece = file.pieces[0]!;
  const { status, headers } = await head(`${server.url}/pieces/${piece}`, 'Accept-Encoding: gzip, br');
  expect(status).toBe(200);
  expect(headers.get('content-length')).toBe(String(PIECE));
  expect(headers.get('etag')).toBe(`"${piece}"`);
  expect(headers.has('accept-ranges')).toBe(false);
  expect(headers.has('content-encoding')).toBe(false);
  expect(headers.get('cache-control')).toContain('immutable');
  expect(headers.get('cache-control')).toContain('no-transform');
});

test('ranges of files and pieces are exact', async ({ server }) => {
  const { url, file } = await weights(server);
  const whole = new Uint8Array(await (await fetch(url)).arrayBuffer());
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 1],
    ['bytes=1000-1999', 1000, 2000],
    ['bytes=-10', file.size - 10, file.size],
    [`bytes=${file.size - 5}-`, file.size - 5, file.size],
  ] as const) {
    const answer = await fetch(url, { headers: { range } });
    expect(answer.status, range).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${file.size}`);
    expect(same(await answer.arrayBuffer(), whole.subarray(from, to)), range).toBe(true);
  }
  const beyond = await fetch(url, { headers: { range: `bytes=${file.size}-` } });
  expect(beyond.status).toBe(416);
  expect(beyond.headers.get('content-range')).toBe(`bytes */${file.size}`);

  const piece = `${server.url}/pieces/${file.pieces[1]}`;
  const rest = await fetch(piece, { headers: { range: 'bytes=1000000-', 'if-range': `"${file.pieces[1]}"` } });
  expect(rest.status).toBe(206);
  const start = (32 << 20) + 1_000_000;
  expect(same(await rest.arrayBuffer(), whole.subarray(start, 2 * (32 << 20)))).toBe(true);
  const other = await fetch(piece, { headers: { range: 'bytes=1000000-', 'if-range': '"another"' } });
  expect(other.status).toBe(200);
});

test('what is not there is said to be missing', async ({ server }) => {
  const nowhere = [
    `/${MODEL}/resolve/main/nothing.bin`,
    `/${MODEL}/resolve/${'0'.repeat(40)}/config.json`,
    '/nobody/nothing',
    '/nobody/nothing/resolve/main/config.json',
    `/pieces/${'0'.repeat(64)}`,
    '/api/models/nobody/nothing',
  ];
  for (const path of nowhere) {
    const answer = await fetch(server.url + path);
    expect(answer.status, path).toBe(404);
    expect((await answer.text()).length, path).toBeGreaterThan(0);
    if (path.startsWith('/api')) expect(answer.headers.get('content-type')).toContain('json');
  }
});
