// The page engine on a bad network: it asks for ranges, goes on inside a piece, and fetches next to nothing twice.
import type { Page } from '@playwright/test';
import { bystander, type Device, expect, expectedDigests, MODEL, ModelPage, storedFiles, test, until } from '../harness/test.ts';
import { thin, tolerateFailures } from '../harness/faults.ts';
import type { FaultProxy, Passed } from '../harness/proxy.ts';
import type { Server } from '../harness/server.ts';
import { PAGE_ACTS, waste } from '../harness/waste.ts';

/** What a cut may cost on a line of 12 MB/s, in bytes: what had come and was not read yet. */
const CUT = 256 << 10;

/** Tests whose page goes, or needs a fast line: on a busy machine, more is lost or less fits through. */
const ALONE = { tag: '@alone' };

/** Of one connection, in bytes a second: slow enough to do something in the middle. */
const SLOW = { path: '/pieces/', bytes_per_second: 1_000_000 };

async function begin(device: Device, proxy: FaultProxy): Promise<ModelPage> {
  const model = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), proxy);
  await model.click('Download');
  return model;
}

function pieces(requests: Passed[]): Passed[] {
  return requests.filter((request) => request.path.startsWith('/pieces/'));
}

async function isWhole(proxy: FaultProxy, server: Server, device: Device): Promise<void> {
  const files = await storedFiles(await bystander(proxy, device), server, MODEL);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
}

/** Where something is saved of unfinished pieces: in files, and in a cache what pages that went gave to the worker. */
function parts(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const keys = await (await caches.open('modelferry-parts-1')).keys();
    const names = keys.map((key) => new URL(key.url).search.slice(1));
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('modelferry-parts-1', { create: true });
    for await (const name of folder.keys()) names.push(name);
    return names;
  });
}

/** Bytes of pieces on the device, complete or not. */
function held(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let sum = 0;
    for (const name of ['modelferry-pieces-1', 'modelferry-parts-1']) {
      for (const response of await (await caches.open(name)).matchAll()) sum += (await response.blob()).size;
    }
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('modelferry-parts-1', { create: true });
    for await (const file of folder.values()) {
      if (file instanceof FileSystemFileHandle) sum += (await file.getFile()).size;
    }
    return sum;
  });
}

test.describe(() => {
  // In one piece.
  test.use({ serverFlags: ['--piece-size', String(32 << 20)] });

  test('several ranges of a piece are fetched at once, and no byte twice', async ({ server, faultProxy, device }, info) => {
    await faultProxy.rules([SLOW]);
    const model = await begin(device, faultProxy);
    await expect
      .poll(async () => {
        const open = pieces(await faultProxy.log()).filter((request) => request.ended === 'open' && request.range);
        return new Set(open.map((request) => request.range)).size;
      })
      .toBeGreaterThanOrEqual(4);
    await model.becomes('ready');
    const ranged = pieces(await faultProxy.log()).filter((request) => request.range);
    for (const request of ranged) {
      expect(request.status).toBe(206);
      expect(request.if_range).toBe(`"${request.path.slice('/pieces/'.length)}"`);
    }
    expect(await waste(faultProxy, server)).toBe(0);
    const witness = await bystander(faultProxy, device);
    await expect.poll(() => parts(witness), { message: 'parts of pieces that are complete' }).toEqual([]);
    await isWhole(faultProxy, server, device);
    info.annotations.push({ type: 'requests', description: String(ranged.length) });
  });
});

for (const kind of ['fin', 'reset'] as const) {
  test(`ten cut connections (${kind}) cost next to nothing`, async ({ server, faultProxy, device }, info) => {
    tolerateFailures(device);
    await faultProxy.rules([SLOW]);
    const model = await begin(device, faultProxy);
    for (let cut = 1; cut <= 10; cut++) {
      await model.isPast(cut / 12);
      await faultProxy.cut(kind);
    }
    await model.becomes('ready');
    const wasted = await waste(faultProxy, server);
    info.annotations.push({ type: 'waste', description: `${wasted} bytes in 10 cuts` });
    expect(wasted).toBeLessThanOrEqual(10 * CUT);
    await isWhole(faultProxy, server, device);
  });
}

test('Pause rests until Resume, over a visit too', ALONE, async ({ server, faultProxy, device }) => {
  await faultProxy.rules([thin('page')]);
  const model = await begin(device, faultProxy);
  await model.isPast(0.2);
  await model.click('Pause');
  await model.becomes('interrupted');
  await expect(model.section).toContainText('Paused');
  await model.looksAgain();
  await expect(model.section).toContainText('Paused');
  await model.reload();
  await model.becomes('interrupted');
  const mark = await faultProxy.mark();
  await model.click('Resume');
  await model.becomes('ready');
  expect(pieces(await faultProxy.log(mark)).length).toBeGreaterThan(0);
  expect(await waste(faultProxy, server)).toBeLessThanOrEqual(PAGE_ACTS);
});

test('a download that was paused at full speed leaves nothing locked for the next tab', ALONE, async ({ server, device }) => {
  // On the fastest lines pieces go straight to the store: each has a place there, and its lock, before it is asked for. This model
  // has pieces enough for that.
  const id = 'test/long';
  const bytes = new Uint8Array(320 << 20);
  for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  server.addFile(id, 'model.bin', bytes);
  await until('the server to have the model', () => server.manifest(id));
  const page = await device.newPageWithoutBackgroundFetch();
  // What is stored before a piece is asked for is stored when the test says so.
  await page.addInitScript(() => {
    const asked = new Set<string>();
    const own = { late: 0, go: () => {} };
    const going = new Promise<void>((resolve) => (own.go = resolve));
    const { fetch } = window;
    window.fetch = (input, init) => {
      asked.add(new URL(input instanceof Request ? input.url : String(input), location.href).pathname);
      return fetch(input as string, init);
    };
    const { put } = Cache.prototype;
    Cache.prototype.put = async function (key, response) {
      const { pathname, search } = new URL(String(key), location.href);
      if (search === '?unfinished' && !asked.has(pathname)) {
        own.late += 1;
        await going;
      }
      return put.call(this, key, response);
    };
    Object.assign(window, { own });
  });
  const model = await ModelPage.open(page, server, id);
  await model.click('Download');
  const late = () => page.evaluate(() => (window as unknown as { own: { late: number } }).own.late);
  await until('the first place for a piece that is not asked for yet', async () => (await late()) > 0 || (await model.state()) === 'ready', { timeout: 60_000 });
  expect(await late(), 'pieces go straight to the store from 60 MB/s on').toBeGreaterThan(0);
  await model.click('Pause');
  await model.becomes('interrupted');
  await page.evaluate(() => (window as unknown as { own: { go: () => void } }).own.go());
  const locks = () => page.evaluate(async () => {
    const { held, pending } = await navigator.locks.query();
    return [...held!, ...pending!].map(({ name }) => name!).filter((name) => name.startsWith('modelferry piece'));
  });
  await expect.poll(locks, { message: 'pieces that nobody else can store' }).toEqual([]);
  // The other tab goes on.
  const other = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), server, id);
  await other.click('Resume');
  await other.becomes('ready');
});

test('the engine that the user chose is used, and kept', async ({ faultProxy, device }) => {
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.section.getByText('Settings').click();
  await model.section.getByRole('button', { name: 'In this page' }).click();
  await model.reload();
  await model.click('Download');
  await faultProxy.rules([SLOW]);
  await expect(model.section).toHaveAttribute('data-engine', 'page');
  await expect(model.section).toContainText('You chose that this page downloads');
  await model.becomes('ready');
  await expect(model.section).toContainText(/The browser (has promised to|may remove)/);
});

test('a server that is killed and comes back is waited for', async ({ server, faultProxy, device }, info) => {
  tolerateFailures(device);
  await faultProxy.rules([SLOW]);
  const model = await begin(device, faultProxy);
  await model.isPast(0.4);
  await server.stop();
  const mark = await faultProxy.mark();
  await expect.poll(async () => pieces(await faultProxy.log(mark)).length, { message: 'further tries' }).toBeGreaterThan(2);
  await server.start();
  await model.becomes('ready');
  const wasted = await waste(faultProxy, server);
  info.annotations.push({ type: 'waste', description: `${wasted} bytes` });
  expect(wasted).toBeLessThanOrEqual(CUT);
});

test('a closed tab loses next to nothing of unfinished pieces @full', ALONE, async ({ server, faultProxy, device }, info) => {
  await faultProxy.rules([thin('page')]);
  const model = await begin(device, faultProxy);
  await model.isPast(0.25);
  await model.page.close();
  await expect.poll(async () => (await faultProxy.log()).some((request) => request.ended === 'open')).toBe(false);

  await faultProxy.rules([]);
  const again = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await again.becomes('ready');
  const wasted = await waste(faultProxy, server);
  info.annotations.push({ type: 'waste', description: `${wasted} bytes` });
  expect(wasted).toBeLessThanOrEqual(PAGE_ACTS);
  await isWhole(faultProxy, server, device);
});

test('a page that is loaded again goes on where it was @full', ALONE, async ({ server, faultProxy, device }, info) => {
  await faultProxy.rules([thin('page')]);
  const model = await begin(device, faultProxy);
  for (const part of [0.2, 0.4, 0.6]) {
    await model.isPast(part);
    await model.reload();
  }
  await model.becomes('ready');
  const wasted = await waste(faultProxy, server);
  info.annotations.push({ type: 'waste', description: `${wasted} bytes in 3 reloads` });
  expect(wasted).toBeLessThanOrEqual(3 * PAGE_ACTS);
});

test('what was saved and is wrong is noticed, and fetched again', async ({ server, faultProxy, device }) => {
  await faultProxy.rules([SLOW]);
  const model = await begin(device, faultProxy);
  await model.isPast(0.25);
  await model.page.close();
  const witness = await bystander(faultProxy, device);
  const spoilt = await until('a part in a file that nobody has open', () =>
    witness.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('modelferry-parts-1');
      for await (const [name, file] of folder.entries()) {
        if (!(file instanceof FileSystemFileHandle)) continue;
        const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
        // In the first range that is there: see crates/piece-store/src/files.rs.
        const [first = 0, end = 0] = new Uint32Array(bytes.buffer, 0, 2);
        bytes[65536 + ((first + end) >> 1)]! ^= 1;
        const writable = await file.createWritable();
        await writable.write(bytes);
        await writable.close();
        return `/pieces/${name}`;
      }
      return undefined;
    }),
  );
  device.tolerate(/a piece was refused/);

  await faultProxy.rules([]);
  const mark = await faultProxy.mark();
  const again = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await again.becomes('ready');
  const whole = pieces(await faultProxy.log(mark)).filter((request) => request.path === spoilt && !request.range);
  expect(whole.length, 'the piece was fetched whole').toBe(1);
  await isWhole(faultProxy, server, device);
  await expect.poll(() => parts(witness)).toEqual([]);
});

test('Cancel keeps what has come, Resume goes on there, Discard removes it @full', ALONE, async ({ faultProxy, device }, info) => {
  await faultProxy.rules([thin('page')]);
  const model = await begin(device, faultProxy);
  await model.isPast(0.25);
  await model.click('Cancel');
  await model.becomes('interrupted');
  const witness = await bystander(faultProxy, device);
  expect((await parts(witness)).length).toBeGreaterThan(0);
  await model.click('Resume');
  await model.isPast(0.5);
  await model.click('Cancel');
  await model.becomes('interrupted');
  const wasted = (await faultProxy.pieceBytes()) - (await held(witness));
  info.annotations.push({ type: 'waste', description: `${wasted} bytes in 2 stops` });
  expect(wasted).toBeLessThanOrEqual(2 * PAGE_ACTS);
  await model.click('Discard');
  await model.becomes('absent');
  expect(await parts(witness)).toEqual([]);
});

test('a server that ignores ranges still gives the model', async ({ server, faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', ignore_range: true }]);
  const model = await begin(device, faultProxy);
  await model.becomes('ready');
  const ranged = pieces(await faultProxy.log()).filter((request) => request.range);
  expect(ranged.length, 'requests with ranges, until it is known').toBeLessThanOrEqual(6);
  await isWhole(faultProxy, server, device);
});

test('a busy server is asked again when it says', async ({ server, faultProxy, device }) => {
  tolerateFailures(device);
  await faultProxy.rules([{ path: '/pieces/', times: 3, status: 503, headers: { 'retry-after': '1' } }]);
  const model = await begin(device, faultProxy);
  await model.becomes('ready');
  expect(await waste(faultProxy, server)).toBeLessThanOrEqual(CUT);
});

test.describe(() => {
  test.use({ kind: { own: true } });

  test('without a network it waits, and goes on when that is back', async ({ faultProxy, device }) => {
    tolerateFailures(device);
    await faultProxy.rules([SLOW]);
    const model = await begin(device, faultProxy);
    await model.isPast(0.25);
    await device.context.setOffline(true);
    await expect.poll(async () => (await faultProxy.log()).some((request) => request.ended === 'open')).toBe(false);
    const before = await model.kept();
    expect(before).toBeLessThan(await model.total());
    await device.context.setOffline(false);
    await model.becomes('ready');
  });
});
