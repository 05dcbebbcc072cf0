// The page engine in Chromium, beyond what rows of docs/FAULTS.md and the other engines show.
import { bystander, expect, expectedDigests, MODEL, ModelPage, storedFiles, storedParts, test, until } from '../harness/test.ts';
import { waste } from '../harness/waste.ts';

/** Of one connection, in bytes a second: slow enough to do something in the middle. */
const SLOW = { path: '/pieces/', bytes_per_second: 1_000_000 };

test.describe(() => {
  // In one piece.
  test.use({ serverFlags: ['--piece-size', String(32 << 20)] });

  test('several ranges of a piece are fetched at once, and no byte twice', async ({ server, faultProxy, device }) => {
    await faultProxy.rules([SLOW]);
    const model = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
    await model.click('Download');
    const ranged = async () => (await faultProxy.log()).filter((request) => request.path.startsWith('/pieces/') && request.range);
    await until('four ranges at once', async () => (await ranged()).filter((request) => request.ended === 'open').length >= 4);
    await model.becomes('ready');
    for (const request of await ranged()) {
      expect(request.status).toBe(206);
      expect(request.if_range).toBe(`"${request.path.slice('/pieces/'.length)}"`);
    }
    expect(await waste(faultProxy, server)).toBe(0);
    const witness = await bystander(faultProxy, device);
    await expect.poll(() => storedParts(witness), { message: 'parts of pieces that are complete' }).toEqual([]);
    const files = await storedFiles(witness, server, MODEL);
    expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
  });
});

test('a download that was paused at full speed leaves nothing locked for the next tab', { tag: '@alone' }, async ({ server, device }) => {
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
