// The same scenarios in three browser engines: what a person does, with the real server and the real model.
// Chromium downloads by Background Fetch, Firefox and WebKit have none and download in the page.
import { writeFileSync } from 'node:fs';
import { Chromium } from '../engines/chromium.ts';
import type { Driver, EngineName, Launch } from '../engines/driver.ts';
import { Firefox } from '../engines/firefox.ts';
import { Model } from '../engines/model.ts';
import { WebKit } from '../engines/webkit.ts';
import { storedShell } from '../harness/shell.ts';
import { readFiles, type StoredFile } from '../harness/store.ts';
import {
  expect,
  expectedDigests,
  type FaultProxy,
  MODEL,
  PIECE,
  type Rule,
  type Server,
  storedFiles,
  storedManifests,
  storedPieces,
  test as base,
  until,
} from '../harness/test.ts';
import { waste } from '../harness/waste.ts';

const ENGINES: Record<EngineName, Launch> = {
  chromium: Chromium.launch,
  firefox: Firefox.launch,
  webkit: WebKit.launch,
};

interface Fixtures {
  driver: Driver;
  model: Model;
}

const test = base.extend<Fixtures & { engine: EngineName }>({
  engine: ['chromium', { option: true }],

  // Depends on the server and on the proxy, so that it is ended first.
  driver: async ({ idleProxy: _, engine }, use, info) => {
    const driver = await ENGINES[engine]();
    try {
      info.annotations.push({ type: 'browser', description: await driver.version() });
      await use(driver);
    } finally {
      if (info.status !== info.expectedStatus) {
        writeFileSync(info.outputPath('browser.log'), driver.output());
        await driver.screenshot(info.outputPath('page.png')).catch(() => undefined);
      }
      await driver.dispose();
    }
  },

  model: async ({ driver }, use) => use(new Model(driver)),
});

/**
 * What cut connections may cost: two pieces in the browser's engine, 256 KiB in the page's. WebKit drops what has
 * come but was not handed to the page yet, up to 128 KiB for each of four connections.
 */
const CUT = { chromium: 2 * PIECE, firefox: 256 << 10, webkit: 512 << 10 };

/**
 * What a page that goes may cost: what comes while the last bytes are being written, and neither Firefox nor WebKit
 * ends that writing when the page is gone. At most a block.
 */
const LEFT = { chromium: 2 * PIECE, firefox: 4 << 20, webkit: 4 << 20 };

/** More than the first of the large pieces, less than all. */
const SOME = PIECE;

/** Of one connection, slow enough to do something in the middle: the page has four, the browser one. */
function slow(driver: Driver): Rule {
  return { name: 'slow', path: '/pieces/', bytes_per_second: driver.downloads === 'background' ? 10_000_000 : 3_000_000 };
}

function expectWhole(files: StoredFile[]): void {
  const wrong = files.filter((file) => file.sha256 !== expectedDigests().get(file.path));
  expect(wrong, 'files that are not what they should be').toEqual([]);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
}

/** The pieces that were asked for, each once. */
async function asked(proxy: FaultProxy, since: number): Promise<string[]> {
  const paths = (await proxy.log(since)).map((request) => request.path);
  return [...new Set(paths)].filter((path) => path.startsWith('/pieces/')).map((path) => path.slice('/pieces/'.length));
}

/** The second piece of the large file. */
async function onePiece(server: Server): Promise<string> {
  const { files } = await server.manifest();
  return files.find((file) => file.path === 'model.safetensors')!.pieces[1]!;
}

for (const engine of Object.keys(ENGINES) as EngineName[]) {
  test.describe(engine, () => {
    test.use({ engine });

    test('a download ends ready, and what is in the store is the model', async ({ server, driver, model }) => {
      await model.open(server);
      await model.click('Download');
      await model.becomes('fetching', 'ready');
      await model.becomes('ready');
      expectWhole(await storedFiles(driver, server, MODEL));
    });

    test('cut connections cost next to nothing, and nobody has to do anything @full', async ({ server, faultProxy, driver, model }, info) => {
      await faultProxy.rules([slow(driver)]);
      await model.open(faultProxy);
      await model.click('Download');
      // Chromium, when several of its requests are cut for the second time at once, may pause the fetch for minutes.
      const cuts = driver.downloads === 'background' ? [0.4] : [0.3, 0.6];
      for (const part of cuts) {
        await model.isPast(part);
        await faultProxy.cut();
      }
      await model.becomes('ready');
      const cost = await waste(faultProxy, server);
      info.annotations.push({ type: 'waste', description: `${cost} bytes in ${cuts.length} cuts` });
      expect((await faultProxy.log()).filter((request) => request.ended === 'cut').length, 'answers cut').toBeGreaterThan(0);
      expect(cost).toBeLessThanOrEqual(cuts.length * CUT[engine]);
      expectWhole(await storedFiles(driver, server, MODEL));
    });

    test('Cancel keeps what is there, Resume gets the rest, Discard leaves nothing', async ({ server, faultProxy, driver, model }) => {
      await faultProxy.rules([slow(driver)]);
      await model.open(faultProxy);
      await model.click('Download');
      await model.keeps(SOME);
      await model.click('Cancel');
      await model.becomes('interrupted');
      const kept = await storedPieces(driver);
      expect(kept).not.toEqual([]);

      await faultProxy.rules([]);
      let mark = await faultProxy.mark();
      await model.click('Resume');
      await model.becomes('ready');
      const again = await asked(faultProxy, mark);
      expect(again.filter((piece) => kept.includes(piece)), 'pieces asked for although they are there').toEqual([]);
      expectWhole(await storedFiles(driver, server, MODEL));

      await model.click('Delete');
      await model.click('Yes, delete');
      await model.becomes('absent');
      await faultProxy.rules([slow(driver)]);
      mark = await faultProxy.mark();
      await model.click('Download');
      await model.isPast(0.1);
      expect(await asked(faultProxy, mark), 'what was deleted is fetched').not.toEqual([]);
      await model.click('Cancel');
      await model.becomes('interrupted');
      await model.click('Discard');
      await model.becomes('absent');
      expect(await storedPieces(driver)).toEqual([]);
      expect(await storedManifests(driver)).toEqual([]);
    });

    test('Delete asks first, and leaves nothing', async ({ server, driver, model }) => {
      await model.open(server);
      await model.click('Download');
      await model.becomes('ready');
      await model.click('Delete');
      await model.click('No, keep it');
      expect(await storedPieces(driver)).not.toEqual([]);
      expect(await model.state()).toBe('ready');
      await model.click('Delete');
      await model.click('Yes, delete');
      await model.becomes('absent');
      expect(await storedPieces(driver)).toEqual([]);
      expect(await storedManifests(driver)).toEqual([]);
    });

    test('a page that is loaded again in the middle goes on @full', async ({ server, faultProxy, driver, model }, info) => {
      await faultProxy.rules([slow(driver)]);
      await model.open(faultProxy);
      await model.click('Download');
      await model.isPast(0.4);
      await model.reload();
      await model.becomes('fetching');
      await model.becomes('ready');
      const cost = await waste(faultProxy, server);
      info.annotations.push({ type: 'waste', description: `${cost} bytes in 1 reload` });
      expect(cost).toBeLessThanOrEqual(LEFT[engine]);
      expectWhole(await storedFiles(driver, server, MODEL));
    });

    test('after its tab was closed a download goes on, at the latest with the next visit @full', async ({ server, faultProxy, driver, model }, info) => {
      await faultProxy.rules([slow(driver)]);
      // The first tab stays empty, so that the browser does not end.
      await driver.newTab();
      await model.open(faultProxy);
      await model.click('Download');
      await model.isPast(0.4);
      await driver.closeTab();
      const open = async () => (await faultProxy.log()).filter((request) => request.path.startsWith('/pieces/') && request.ended === 'open');
      if (driver.downloads === 'background') {
        await until('the rest to arrive without a page', async () => (await waste(faultProxy, server)) >= 0);
      }
      await until('the connections to be closed', async () => (await open()).length === 0);
      const mark = await faultProxy.mark();
      await model.open(faultProxy);
      await model.becomes('ready');
      const late = await faultProxy.pieceBytes(mark);
      info.annotations.push({ type: 'late', description: `${late} bytes with the next visit` });
      if (driver.downloads === 'background') expect(late).toBe(0);
      else expect(late).toBeGreaterThan(0);
      expect(await waste(faultProxy, server)).toBeLessThanOrEqual(LEFT[engine]);
      expectWhole(await storedFiles(driver, server, MODEL));
    });

    test('a piece that arrives damaged once is fetched again', async ({ server, faultProxy, driver, model }) => {
      const piece = await onePiece(server);
      await faultProxy.rules([{ name: 'damage', path: `/pieces/${piece}`, times: 1, corrupt_at: 1_000 }]);
      await model.open(faultProxy);
      await model.click('Download');
      await model.becomes('ready', 'interrupted');
      if (driver.downloads === 'background') {
        // The browser's engine has no second try of its own.
        if ((await model.state()) === 'interrupted') await model.click('Resume');
      }
      await model.becomes('ready');
      expect((await faultProxy.used())[0]!.used).toBe(1);
      expectWhole(await storedFiles(driver, server, MODEL));
    });

    test('a piece that is damaged each time is never stored, and Resume leads on', async ({ server, faultProxy, driver, model }) => {
      const piece = await onePiece(server);
      await faultProxy.rules([{ name: 'damage', path: `/pieces/${piece}`, corrupt_at: 1_000 }]);
      await model.open(faultProxy);
      await model.click('Download');
      await model.becomes('interrupted');
      expect(await driver.text()).toContain('One piece arrived damaged and was not kept.');
      const kept = await storedPieces(driver);
      expect(kept).not.toContain(piece);
      expect(kept.length, 'all others are kept').toBeGreaterThan(3);

      await faultProxy.rules([]);
      const mark = await faultProxy.mark();
      await model.click('Resume');
      await model.becomes('ready');
      expect(await asked(faultProxy, mark)).toEqual([piece]);
      expectWhole(await storedFiles(driver, server, MODEL));
    });

    test('what is ready can be read without the server', async ({ server, driver, model }) => {
      const { files } = await server.manifest();
      await model.open(server);
      await model.click('Download');
      await model.becomes('ready');
      await server.stop();
      expectWhole(await readFiles(driver, files));
      expect(await model.state()).toBe('ready');
    });

    test('with the server stopped, the pages open and say what is on the device', async ({ server, driver, model }) => {
      await model.open(server);
      await model.click('Download');
      await model.becomes('ready');
      await until('the pages to be kept', async () => {
        const kept = await storedShell(driver);
        return ['/', '/offline', `/${MODEL}`].every((path) => kept.includes(path));
      });
      await server.stop();
      await model.reload();
      await model.becomes('ready');
      const says = () => driver.evaluate(() => document.body.innerText, null);
      await driver.open(`${server.url}/`);
      await until('the catalogue to know the model', async () => (await says()).includes('On this device'));
      await until('the page to say that it is offline', async () => (await says()).includes('You are offline'));
      await driver.open(`${server.url}/nobody/nothing`);
      expect(await says()).toContain('This page needs the network');
    });
  });
}
