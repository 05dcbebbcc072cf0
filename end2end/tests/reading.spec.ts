// A model that is on the device is read from it, at the URLs at which the server has it: compared with the server's own
// answers, byte by byte and field by field.
import { createHash } from 'node:crypto';
import { ask, type Asked, controlled, type Got, tidiedUp } from '../harness/reading.ts';
import type { Site } from '../harness/site.ts';
import { type Device, expect, expectedDigests, MODEL, ModelPage, type Server, test as base, until } from '../harness/test.ts';

const WEIGHTS = 'model.safetensors';
/** Small, so that what is read has many borders in it. */
const PIECE = 1 << 20;

const test = base.extend<{ model: ModelPage }>({
  serverFlags: ['--piece-size', String(PIECE)],

  /** The model's page, with the model on the device. */
  model: async ({ server, device }, use) => use(await onDevice(server, device)),
});

/** Downloads in the page: many small requests would take the browser minutes. */
async function open(site: Site, device: Device): Promise<ModelPage> {
  const model = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), site);
  await controlled(model.page);
  return model;
}

/** A model's page, with the model on the device. */
async function onDevice(site: Site, device: Device): Promise<ModelPage> {
  const model = await open(site, device);
  const tidy = await tidiedUp(model.page);
  await model.click('Download');
  await model.becomes('ready');
  await tidy();
  return model;
}

const address = (path: string, revision = 'main') => `/${MODEL}/resolve/${revision}/${path}`;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Requests for files and for what hubs are asked, that came to the server. */
const came = (server: Server, since: number) =>
  server.log(since).filter(({ path }) => path.includes('/resolve/') || path.startsWith('/pieces/'));

/**
 * What only an answer from the network has: when it was sent and by whom it may be read (it is of this origin), and when the
 * file was last changed, which the device does not know.
 */
const OF_THE_NETWORK = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'last-modified', 'access-control-allow-origin', 'access-control-expose-headers', 'cross-origin-resource-policy'];

function comparable({ headers, ...rest }: Got): Got {
  return { ...rest, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_NETWORK.includes(name))) };
}

/** What the server itself answers, and what it redirects to. */
async function fromServer(server: Server, { url, method = 'GET', headers = {} }: Asked): Promise<Got> {
  const answer = await fetch(server.url + url, { method, headers });
  const said = Object.fromEntries(answer.headers);
  // To HEAD, the server's HTTP library adds a length of 0, which is that of nothing.
  if (answer.status === 304) delete said['content-length'];
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, headers: said, sha256: sha256(bytes), length: bytes.length };
}

test('answers are the server’s own, field by field', async ({ server, device, model }) => {
  device.tolerate(/status of 4(04|12|16)/);
  const { files, revision } = await server.manifest();
  const { sha256: tag, size } = files.find(({ path }) => path === WEIGHTS)!;
  const weights = address(WEIGHTS, revision);
  const range = (range: string, more = {}) => ({ url: weights, headers: { range, ...more } });
  const cases: Asked[] = [
    { url: weights },
    { url: address(WEIGHTS) },
    { url: weights, method: 'HEAD' },
    { url: weights, method: 'HEAD', headers: { range: 'bytes=0-1' } },
    { url: address('config.json') },
    { url: `${address('layers/config.json')}?download=true` },
    { url: `/${MODEL}/raw/${revision}/vocab.txt` },
    { url: address('README.md') },
    { url: address('README.md'), method: 'HEAD' },
    range('bytes=0-0'),
    range('bytes=-10'),
    range(`bytes=${size - 5}-`),
    range(`bytes=${PIECE - 3}-${PIECE + 3}`),
    range(`bytes=${PIECE}-${2 * PIECE - 1}`),
    range(`bytes=${PIECE - 1}-${3 * PIECE}`),
    range(`bytes=5000000-999999999999`),
    range(`bytes=${size}-`),
    range('bytes=9-1'),
    range('items=0-1'),
    range('bytes=0-9', { 'if-range': `"${tag}"` }),
    range('bytes=0-9', { 'if-range': '"another"' }),
    range('bytes=0-9', { 'if-range': `W/"${tag}"` }),
    range('bytes=0-9', { 'if-match': `"${tag}"` }),
    range('bytes=0-9', { 'if-match': '"another"' }),
    range('bytes=0-9', { 'if-none-match': `"${tag}"` }),
    { url: weights, headers: { 'if-none-match': `"another", W/"${tag}"` } },
    { url: weights, headers: { 'if-none-match': '"another"' } },
    { url: weights, headers: { 'if-none-match': '*' } },
    { url: weights, method: 'HEAD', headers: { 'if-none-match': `"${tag}"` } },
    { url: address('onnx/model.onnx', revision) },
    { url: address('onnx/model.onnx'), method: 'HEAD' },
  ];
  const expected = await Promise.all(cases.map((asked) => fromServer(server, asked)));
  for (const [number, { url }] of cases.entries()) {
    // The server redirects from there, and says so of the redirect.
    if (url.includes('/resolve/main/') && expected[number]!.status < 300) expected[number]!.headers['cache-control'] = 'no-cache';
  }
  const mark = server.mark();
  for (const [number, asked] of cases.entries()) {
    expect(comparable(await ask(model.page, asked)), JSON.stringify(asked)).toEqual(comparable(expected[number]!));
  }
  // Several ranges at once may be answered with all of it.
  const several = await ask(model.page, range('bytes=0-1,100-101'));
  expect(several).toEqual(await ask(model.page, { url: weights }));
  expect(came(server, mark), 'requests that came to the server').toEqual([]);
});

test('what is not ready, and what is not there, goes to the network', async ({ server, device }) => {
  server.addFile('my-team/other', 'config.json', '{}');
  device.tolerate(/status of 404/);
  const model = await open(server, device);
  const mark = server.mark();
  const got = await ask(model.page, { url: address('config.json') });
  expect([got.status, got.sha256]).toEqual([200, expectedDigests().get('config.json')]);
  const part = await ask(model.page, { url: address(WEIGHTS), headers: { range: 'bytes=0-9' } });
  expect([part.status, part.length]).toEqual([206, 10]);
  const asked = () => came(server, mark).filter(({ status }) => status !== 307);
  await until('both to be in the log', () => asked().length >= 2);
  expect(asked().map(({ status, range }) => [status, range])).toEqual([[200, null], [206, 'bytes=0-9']]);

  await model.click('Download');
  await model.becomes('ready');
  const after = server.mark();
  expect((await ask(model.page, { url: address('config.json') })).status).toBe(200);
  expect((await ask(model.page, { url: '/my-team/nothing/resolve/main/config.json' })).status).toBe(404);
  expect((await ask(model.page, { url: address('config.json', '0'.repeat(40)) })).status).toBe(404);
  await until('both to be in the log', () => came(server, after).length >= 2);
  expect(came(server, after).map(({ status }) => status)).toEqual([404, 404]);

  await model.delete();
  await model.becomes('absent');
  const deleted = server.mark();
  expect((await ask(model.page, { url: address('config.json') })).sha256).toBe(expectedDigests().get('config.json'));
  // The rest the browser may still have in its HTTP cache.
  await until('it to be in the log', () => came(server, deleted).some(({ status }) => status === 307));
});

test('many pieces that are gone are fetched again one at a time', async ({ server, device, faultProxy }) => {
  const model = await onDevice(faultProxy, device);
  const url = address(WEIGHTS);
  expect((await ask(model.page, { url, headers: { range: 'bytes=0-9' } })).status).toBe(206);
  const { files } = await server.manifest();
  const gone = files.find(({ path }) => path === WEIGHTS)!.pieces.slice(2, 10);
  await model.page.evaluate(async (gone) => {
    const pieces = await caches.open('modelferry-pieces-1');
    for (const piece of gone) await pieces.delete(`/pieces/${piece}`);
  }, gone);
  await faultProxy.rules([{ path: '/pieces/', delay_ms: 500 }]);
  const since = await faultProxy.mark();
  const reading = ask(model.page, { url });
  let most = 0;
  const all = await until('all to have come', async () => {
    const asked = (await faultProxy.log(since)).filter(({ path }) => path.startsWith('/pieces/'));
    most = Math.max(most, asked.filter(({ ended }) => ended === 'open').length);
    return asked.length === gone.length && asked.every(({ ended }) => ended === 'complete') ? asked : undefined;
  }, { interval: 50 });
  expect((await reading).sha256).toBe(expectedDigests().get(WEIGHTS));
  expect(all.map(({ path }) => path).sort()).toEqual(gone.map((piece) => `/pieces/${piece}`).sort());
  expect(most).toBe(1);
});

test('a piece that does not come in time is not waited for', async ({ server, device, faultProxy }) => {
  device.tolerate(/could not be read/);
  const model = await onDevice(faultProxy, device);
  const { files } = await server.manifest();
  const [piece] = files.find(({ path }) => path === 'config.json')!.pieces;
  expect((await ask(model.page, { url: address(WEIGHTS), headers: { range: 'bytes=0-9' } })).status).toBe(206);
  await model.page.evaluate(async (piece) => (await caches.open('modelferry-pieces-1')).delete(`/pieces/${piece}`), piece);
  await faultProxy.rules([{ path: '/pieces/', stall_at: 10 }]);
  const got = await ask(model.page, { url: address('config.json') });
  expect([got.status, got.sha256]).toEqual([200, expectedDigests().get('config.json')]);
});

test('without a piece and without the server a request fails, and other files do not', async ({ server, device, model }) => {
  device.tolerate(/could not be read.*the bytes are not available|ERR_CONNECTION_REFUSED|ERR_FAILED/);
  const url = address(WEIGHTS);
  expect((await ask(model.page, { url, headers: { range: 'bytes=0-9' } })).status).toBe(206);
  const { files } = await server.manifest();
  const piece = files.find(({ path }) => path === WEIGHTS)!.pieces[7]!;
  await model.page.evaluate(async (piece) => (await caches.open('modelferry-pieces-1')).delete(`/pieces/${piece}`), piece);
  await server.stop();
  await expect(ask(model.page, { url })).rejects.toThrow(/Failed to fetch/);
  expect((await ask(model.page, { url: address('config.json') })).sha256).toBe(expectedDigests().get('config.json'));
  const before = await ask(model.page, { url, headers: { range: `bytes=0-${7 * PIECE - 1}` } });
  expect([before.status, before.length]).toEqual([206, 7 * PIECE]);
});

test('a model stays what it was while the server has a newer one, until it is renewed', async ({ server, model }) => {
  const old = await server.manifest();
  const url = address('config.json');
  server.replaceFile(MODEL, 'config.json', new TextEncoder().encode('{"newer": true}'));
  await until('the server to have it', async () => (await server.manifest()).revision !== old.revision);
  const { revision } = await server.manifest();
  const before = await ask(model.page, { url });
  expect([before.sha256, before.headers['x-repo-commit']]).toEqual([expectedDigests().get('config.json'), old.revision]);

  await model.reload();
  await model.click('Download');
  await model.becomes('ready');
  // The older one is let go a moment later.
  await expect.poll(async () => (await ask(model.page, { url })).headers['x-repo-commit']).toBe(revision);
  expect((await ask(model.page, { url })).length).toBe(15);
});

test('what hub clients probe is answered without the server, as far as the device knows', async ({ server, device, model }) => {
  device.tolerate(/status of 404|ERR_CONNECTION_REFUSED/);
  const { revision } = await server.manifest();
  const api = `/api/models/${MODEL}`;
  const paths = [api, `${api}/revision/main`, `${api}/revision/${revision}`, `${api}/refs`, `${api}/tree/main`, `${api}/tree/${revision}?recursive=true`, `${api}/tree/main/layers`];
  const read = (path: string) => model.page.evaluate(async (path) => {
    const answer = await fetch(path);
    return { status: answer.status, type: answer.headers.get('content-type'), commit: answer.headers.get('x-repo-commit'), json: await answer.json() };
  }, path);
  const online = await Promise.all(paths.map(read));
  await server.stop();
  for (const [number, path] of paths.entries()) {
    const { json, ...rest } = await read(path);
    const { json: expected, ...said } = online[number]!;
    // What is in the model's README and when it was changed is not known on the device.
    for (const name of ['lastModified', 'pipeline_tag', 'library_name']) delete expected[name];
    if (expected.cardData) expected.cardData = {};
    expect([rest, json], path).toEqual([said, expected]);
  }
  expect((await read(`${api}/tree/main/nothing`)).status).toBe(404);
});

test('what hub clients probe is answered from the device behind a gateway without its server, or one that hangs', async ({ device, faultProxy }) => {
  device.tolerate(/status of 50\d/);
  const model = await onDevice(faultProxy, device);
  const path = `/api/models/${MODEL}`;
  const ask = (path: string) => model.page.evaluate((path) => fetch(path).then(({ status }) => status), path);
  for (const status of [502, 503, 504]) {
    await faultProxy.rules([{ path: '/api/models/', status, body: 'from a gateway' }]);
    expect(await ask(path)).toBe(200);
    expect(await ask('/api/models/my-team/nothing'), 'not on the device').toBe(status);
  }
  await faultProxy.rules([{ path: '/api/models/', status: 500, body: 'from the server' }]);
  expect(await ask(path)).toBe(500);
  await faultProxy.rules([{ path: '/api/models/', delay_ms: 60_000 }]);
  const asked = Date.now();
  expect(await ask(path)).toBe(200);
  expect(Date.now() - asked, 'ms').toBeLessThan(20_000);
});
