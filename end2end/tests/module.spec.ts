// /modelferry.js in a plain page of the same origin that is not ours: in Chromium with either of its engines, and in Firefox
// and WebKit, which have one.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '../engines/driver.ts';
import { ownPage, OwnPage } from '../engines/own-page.ts';
import { test as base } from '../engines/test.ts';
import { REAL } from '../harness/models.ts';
import { root } from '../harness/paths.ts';
import {
  expect,
  expectedDigests,
  type FaultProxy,
  MODEL,
  ModelPage,
  PIECE,
  type Rule,
  storedFiles,
  storedManifests,
  storedPieces,
  test as inChromium,
  until,
} from '../harness/test.ts';
import { waste } from '../harness/waste.ts';

const test = base.extend<{ page_: OwnPage }>({
  page_: async ({ driver, faultProxy }, use) => use(new OwnPage(driver, faultProxy)),
});

const RUNS: { engine: EngineName; by: 'background' | 'page' }[] = [
  { engine: 'chromium', by: 'background' },
  { engine: 'chromium', by: 'page' },
  { engine: 'firefox', by: 'page' },
  { engine: 'webkit', by: 'page' },
];

const SMALL = 'tests/small';

/** The paths of the pieces that were asked for, each once. */
async function asked(proxy: FaultProxy, since: number): Promise<string[]> {
  const paths = (await proxy.log(since)).map((request) => request.path);
  return [...new Set(paths)].filter((path) => path.startsWith('/pieces/')).map((path) => path.slice('/pieces/'.length));
}

for (const { engine, by } of RUNS) {
  test.describe(`${engine}, ${by} engine`, () => {
    test.use({ engine });
    /** Slow enough to do something in the middle: the page has four connections, the browser one. */
    const slow: Rule = { name: 'slow', path: '/pieces/', bytes_per_second: by === 'background' ? 2_500_000 : 800_000 };

    /** By itself it takes the browser's engine where there is one, else the page's. */
    const choice = engine === 'chromium' && by === 'page' ? 'page' : 'automatic';

    test('a download tells how far it is and ends ready; the model is listed, read and removed', async ({ server, faultProxy, driver, page_ }) => {
      const { revision, files } = await server.manifest();
      const total = files.reduce((sum, file) => sum + file.size, 0);
      await page_.open(slow);
      expect(await page_.list()).toEqual([]);
      expect(await page_.status(MODEL)).toEqual({ model: MODEL, state: 'absent', revision: null, loaded: 0, total: 0, engine: null });
      expect((await asked(faultProxy, 0)).length, 'a look fetches nothing').toBe(0);

      const number = await page_.download(MODEL, { engine: choice });
      await page_.isPast(number, PIECE);
      const between = await page_.status(MODEL);
      expect(between).toMatchObject({ state: 'fetching', revision, total, engine: by });
      await page_.rules();
      const { status, progress } = await page_.ready(number);
      expect(status).toEqual({ model: MODEL, state: 'ready', revision, loaded: total, total, engine: null });

      expect(progress.at(-1)).toEqual({ phase: 'ready', reason: null, engine: null, loaded: total, total });
      expect(progress.map(({ phase }) => phase)).toContain('downloading');
      expect(new Set(progress.map(({ engine }) => engine))).toEqual(new Set([null, by]));
      const loaded = progress.filter(({ phase }) => phase !== 'preparing').map(({ loaded }) => loaded);
      expect(loaded, 'it never goes back').toEqual(loaded.toSorted((a, b) => a - b));
      expect(progress.every((progress) => progress.loaded <= total)).toBe(true);
      const stored = await storedFiles(driver, server, MODEL);
      expect(new Map(stored.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());

      expect(await page_.list()).toEqual([status]);
      expect(await page_.status(MODEL)).toEqual(status);
      const url = await page_.url(MODEL, 'layers/config.json');
      expect(url).toBe(`${faultProxy.url}/${MODEL}/resolve/main/layers/config.json`);
      const config = await driver.evaluate(async (url) => (await fetch(url)).json(), url);
      expect(config).toEqual({ layers: 1 });

      const mark = await faultProxy.mark();
      expect((await page_.ready(await page_.download(MODEL, { engine: by }))).status).toEqual(status);
      expect(await asked(faultProxy, mark), 'what is ready is not fetched').toEqual([]);

      await page_.remove(MODEL);
      expect(await page_.list()).toEqual([]);
      expect(await page_.status(MODEL)).toMatchObject({ state: 'absent', revision: null });
      expect([await storedPieces(driver), await storedManifests(driver)]).toEqual([[], []]);
    });

    test('an abort keeps what has come, and the next call gets the rest', async ({ server, faultProxy, driver, page_ }) => {
      await page_.open(slow);
      const first = await page_.download(MODEL, { engine: by });
      await page_.isPast(first, by === 'background' ? 1.2 * PIECE : PIECE / 2);
      await page_.abort(first, 'enough');
      const { name, code, model, cause, isModelferryError } = await page_.fails(first);
      expect({ name, code, model, cause, isModelferryError }).toEqual({
        name: 'AbortError',
        code: 'aborted',
        model: MODEL,
        cause: 'Error: enough',
        isModelferryError: true,
      });
      expect(await page_.status(MODEL)).toMatchObject({ state: 'interrupted', engine: null });
      const kept = await storedPieces(driver);

      await page_.rules();
      const mark = await faultProxy.mark();
      await page_.ready(await page_.download(MODEL, { engine: by }));
      const again = await asked(faultProxy, mark);
      expect(again.filter((piece) => kept.includes(piece)), 'pieces asked for although they are there').toEqual([]);
      // The browser's engine keeps whole pieces only; the page's keeps what has come of each.
      expect(await waste(faultProxy, server)).toBeLessThanOrEqual(by === 'background' ? 2 * PIECE : 1 << 20);
    });

    // The rest is the same in every browser.
    if (engine !== 'chromium') return;

    test('two calls share the work, and one that is aborted leaves it to the other', async ({ server, faultProxy, page_ }) => {
      await page_.open(slow);
      const [one, two] = [await page_.download(MODEL, { engine: by }), await page_.download(MODEL, { engine: by })];
      await page_.isPast(one, PIECE / 4);
      await page_.isPast(two, PIECE / 4);
      await page_.abort(one, 'no more');
      expect((await page_.fails(one)).code).toBe('aborted');
      await page_.rules();
      await page_.ready(two);
      expect(await waste(faultProxy, server), 'bytes sent twice').toBe(0);
    });

    if (by !== 'page') return;

    test('errors say what and of which model', async ({ server, faultProxy, page_ }) => {
      server.addFile(SMALL, 'config.json', '{}');
      await page_.open();
      const failure = async (model: string, options = {}) => {
        const { code, model: of, message, isModelferryError } = await page_.fails(await page_.download(model, options));
        expect(isModelferryError).toBe(true);
        return { code, of, message };
      };
      expect(await failure('nobody/nothing')).toEqual({
        code: 'not-found',
        of: 'nobody/nothing',
        message: 'nobody/nothing: the server has no such model, or not this revision',
      });
      expect(await failure(MODEL, { revision: '0'.repeat(40) })).toMatchObject({ code: 'not-found', of: MODEL });
      expect((await failure('no-model')).code).toBe('invalid');
      expect((await failure(MODEL, { revision: 'latest' })).message).toContain('"latest" is no revision');
      expect((await failure(MODEL, { engine: 'fast' })).message).toContain('"fast" is no engine');
      await page_.rules({ path: '/api/models/', status: 500, body: 'broken' });
      expect(await failure(MODEL)).toMatchObject({ code: 'server', of: MODEL });
      await page_.rules();
      const { revision } = await server.manifest();
      await faultProxy.down();
      expect(await failure(MODEL)).toMatchObject({ code: 'offline', of: MODEL });
      expect(await failure(MODEL, { revision })).toMatchObject({ code: 'offline', of: MODEL });
      expect(await page_.list(), 'and nothing is left of it').toEqual([]);
      await faultProxy.up();
      await page_.ready(await page_.download(MODEL, { engine: by }));
      await faultProxy.down();
      const { status } = await page_.ready(await page_.download(MODEL));
      expect(status, 'what is ready needs no server').toMatchObject({ state: 'ready', revision });
      await faultProxy.up();
    });
  });
}

test('offline, an older revision that is ready is ready, though a newer one was begun', async ({ server, faultProxy, page_ }) => {
  await page_.open();
  const { status } = await page_.ready(await page_.download(MODEL, { engine: 'page' }));
  server.replaceFile(MODEL, 'more.bin', new Uint8Array(randomBytes(4 << 20)));
  await until('the server to have it', async () => (await server.manifest()).revision !== status.revision);
  await page_.rules({ name: 'slow', path: '/pieces/', bytes_per_second: 200_000 });
  const number = await page_.download(MODEL, { engine: 'page' });
  await page_.isPast(number, status.total + 100_000);
  await page_.abort(number, 'enough');
  expect((await page_.fails(number)).code).toBe('aborted');
  expect(await page_.status(MODEL)).toMatchObject({ state: 'interrupted' });
  await faultProxy.down();
  expect((await page_.ready(await page_.download(MODEL))).status).toEqual(status);
  await faultProxy.up();
});

test('a program that the server does not have any more is its word, and not for want of a network', async ({ page_ }) => {
  const program = { path: '/module/*.wasm' };
  await page_.open({ ...program, status: 404, body: 'gone' });
  expect(await page_.fails(await page_.download(MODEL))).toMatchObject({ code: 'server', isModelferryError: true });
  await page_.rules({ ...program, status: 502, body: 'from a gateway' });
  expect(await page_.fails(await page_.download(MODEL))).toMatchObject({ code: 'offline', isModelferryError: true });
  await page_.rules();
  await page_.ready(await page_.download(MODEL));
});

test.describe('beside a page of Modelferry', () => {
  test('both show the same download, and Cancel in one stops the other', async ({ faultProxy, driver, model, page_ }) => {
    const slow: Rule = { name: 'slow', path: '/pieces/', bytes_per_second: 800_000 };
    await page_.open(slow);
    const number = await page_.download(MODEL, { engine: 'page' });
    await page_.isPast(number, PIECE / 8);
    await driver.newTab();
    await model.open(faultProxy);
    await model.becomes('fetching');
    await model.isPast(0.1);
    await model.click('Cancel');
    await model.becomes('interrupted');
    await driver.closeTab();
    expect(await page_.fails(number)).toMatchObject({ code: 'stopped', model: MODEL });
    expect(await page_.status(MODEL)).toMatchObject({ state: 'interrupted' });
  });

  test('what is removed while it is fetched is gone', async ({ driver, page_ }) => {
    await page_.open({ name: 'slow', path: '/pieces/', bytes_per_second: 800_000 });
    const number = await page_.download(MODEL, { engine: 'page' });
    await page_.isPast(number, PIECE / 8);
    await page_.remove(MODEL);
    expect((await page_.fails(number)).code).toMatch(/stopped|removed/);
    expect(await page_.list()).toEqual([]);
    expect([await storedPieces(driver), await storedManifests(driver)]).toEqual([[], []]);
  });
});

inChromium.describe(() => {
  inChromium.use({ payload: REAL });

  inChromium('the page of the README does what it says', async ({ faultProxy, device }) => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [, section] = readme.split('### Drive downloads from your own page\n');
    const [, html] = section!.match(/```html\n([\s\S]*?)```/)!;
    await faultProxy.rules([ownPage(html!)]);
    const page = await device.newPage();
    await page.goto(`${faultProxy.url}/own/page.html`);
    await page.getByRole('button', { name: 'Get the model' }).click();
    await expect(page.locator('output')).toHaveText('bert, ready', { timeout: 60_000 });
    expect(await page.locator('progress').evaluate((bar: HTMLProgressElement) => bar.position)).toBe(1);
    const model = await ModelPage.open(await device.newPage(), faultProxy);
    await model.becomes('ready');
  });
});
