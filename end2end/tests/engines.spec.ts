// The same scenarios in three browser engines: what a user does, with the real server, and with the real model where it is
// about that. Chromium downloads by Background Fetch, Firefox and WebKit have none and download in the page.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Driver, EngineName } from '../engines/driver.ts';
import type { Model } from '../engines/model.ts';
import { SearchPage } from '../engines/search.ts';
import { ENGINES, test } from '../engines/test.ts';
import { MADE, REAL } from '../harness/models.ts';
import { ask, controlled, tidiedUp } from '../harness/reading.ts';
import { storedShell } from '../harness/shell.ts';
import type { Site } from '../harness/site.ts';
import type { StoredFile } from '../harness/store.ts';
import {
  expect,
  type FaultProxy,
  type Rule,
  type Server,
  storedFiles,
  storedManifests,
  storedParts,
  storedPieces,
  until,
} from '../harness/test.ts';
import { waste } from '../harness/waste.ts';

/**
 * What cut connections may cost: two pieces in the browser's engine, 256 KiB in the page's. WebKit drops what has
 * come but was not handed to the page yet, up to 128 KiB for each of four connections.
 */
const CUT = { chromium: 2 * MADE.piece, firefox: 256 << 10, webkit: 512 << 10 };

/**
 * What a page that goes may cost: what comes while the last bytes are being written, and neither Firefox nor WebKit
 * ends that writing when the page is gone. At most a block.
 */
const LEFT = { chromium: 2 * MADE.piece, firefox: 4 << 20, webkit: 4 << 20 };

/** More than the first of the large pieces, less than all. */
const SOME = MADE.piece;

/** Of one connection, slow enough to do something in the middle: the page has four, the browser one. */
function slow(driver: Driver): Rule {
  return { name: 'slow', path: '/pieces/', bytes_per_second: driver.downloads === 'background' ? 2_500_000 : 1_200_000 };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function expectWhole(files: StoredFile[], server: Server): void {
  const digests = server.payload.digests();
  const wrong = files.filter((file) => file.sha256 !== digests.get(file.path));
  expect(wrong, 'files that are not what they should be').toEqual([]);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(digests);
}

/** The pieces that were asked for, each once. */
async function asked(proxy: FaultProxy, since: number): Promise<string[]> {
  const paths = (await proxy.log(since)).map((request) => request.path);
  return [...new Set(paths)].filter((path) => path.startsWith('/pieces/')).map((path) => path.slice('/pieces/'.length));
}

/** Waits until the worker keeps these of the application. */
async function keeps(driver: Driver, ...paths: string[]): Promise<void> {
  await until(`${paths.join(', ')} to be kept`, async () => {
    const kept = await storedShell(driver);
    return paths.every((path) => kept.includes(path));
  });
}

/** The second piece of the large file. */
async function onePiece(server: Server): Promise<string> {
  const { files } = await server.manifest();
  return files.find((file) => file.path === 'model.safetensors')!.pieces[1]!;
}

/** Downloads the model and takes a piece away that the worker believes to be there; the piece, and where its file is. */
async function oneRemoved(server: Server, driver: Driver, model: Model, site: Site = server): Promise<{ piece: string; url: string }> {
  const piece = await onePiece(server);
  await model.open(site);
  await controlled(driver);
  const tidy = await tidiedUp(driver);
  await model.click('Download');
  await model.becomes('ready');
  await tidy();
  const url = `/${server.model}/resolve/main/model.safetensors`;
  expect((await ask(driver, { url, method: 'HEAD' })).status).toBe(200);
  await driver.evaluate(async (piece) => (await caches.open('modelferry-pieces-1')).delete(`/pieces/${piece}`), piece);
  return { piece, url };
}

for (const engine of Object.keys(ENGINES) as EngineName[]) {
  test.describe(engine, () => {
    test.use({ engine });

    test.describe('with the real model', () => {
      test.use({ payload: REAL });

      test('the page searches a text by its meaning, and the pages open with the server gone', async ({ server, driver, model }) => {
        await model.open(server);
        await model.click('Download');
        await model.becomes('ready');
        const search = new SearchPage(driver);
        const text = 'The train to the coast leaves at eight.\n\nThe cat sleeps on the warm stove. 🐈\n\nTaxes are due in March.';
        await search.read(text);
        await search.finds('a pet that rests', '🐈');
        await search.finds('public transport', 'The train');
        await keeps(driver, '/', '/offline', '/inference-worker.js', `/${server.model}`);
        await server.stop();
        await model.reload();
        await model.becomes('ready');
        await search.read(text);
        await search.finds('money for the state', 'Taxes');
        const says = () => driver.evaluate(() => document.body.innerText, null);
        await driver.open(`${server.url}/`);
        await until('the catalogue to know the model', async () => (await says()).includes('On this device'));
        await until('the page to say that it is offline', async () => (await says()).includes('You are offline'));
        await driver.open(`${server.url}/nobody/nothing`);
        expect(await says()).toContain('This page needs the network');
      });

      test('a ready model is there at its own URLs without the server: whole, in parts, and given up in the middle', async ({ server, driver, model }) => {
        const { files, revision } = await server.manifest();
        const weights = new Uint8Array(readFileSync(join(server.models, server.model, 'model.safetensors')));
        await model.open(server);
        await controlled(driver);
        await model.click('Download');
        await model.becomes('fetching', 'ready');
        await model.becomes('ready');
        expectWhole(await storedFiles(driver, server, server.model), server);
        await server.stop();
        for (const { path } of files) {
          const got = await ask(driver, { url: `/${server.model}/resolve/main/${path}` });
          expect([got.status, got.sha256], path).toEqual([200, server.payload.digests().get(path)]);
        }
        const { piece } = server.payload;
        const url = `/${server.model}/resolve/${revision}/model.safetensors`;
        for (const [first, last] of [[0, 0], [piece - 2, piece + 1], [piece, 2 * piece - 1], [piece - 1, 2 * piece], [weights.length - 9, weights.length - 1]] as const) {
          const got = await ask(driver, { url, headers: { range: `bytes=${first}-${last}` } });
          expect([got.status, got.length, got.headers['content-range']]).toEqual([206, last - first + 1, `bytes ${first}-${last}/${weights.length}`]);
          expect(got.sha256, `${first}-${last}`).toBe(sha256(weights.subarray(first, last + 1)));
        }
        // A reader that goes leaves nothing behind that would be in the way of the next one.
        for (let n = 0; n < 10; n++) {
          await driver.evaluate(async (url) => {
            const reader = (await fetch(url)).body!.getReader();
            await reader.read();
            await reader.cancel();
          }, url);
        }
        expect((await ask(driver, { url })).sha256).toBe(server.payload.digests().get('model.safetensors'));
        const head = await ask(driver, { url, method: 'HEAD' });
        expect([head.status, head.length, head.headers['content-length']]).toEqual([200, 0, String(weights.length)]);
        expect((await ask(driver, { url, headers: { 'if-none-match': head.headers.etag! } })).status).toBe(304);
        expect((await ask(driver, { url, headers: { range: `bytes=${weights.length}-` } })).status).toBe(416);
      });
    });

    test('cut connections cost next to nothing, and nobody has to do anything', async ({ server, faultProxy, driver, model }, info) => {
      // Chromium, when several of its requests are cut at once, may pause the fetch for minutes.
      const one = driver.downloads === 'background';
      const cut: Rule = { ...slow(driver), path: `/pieces/${await onePiece(server)}`, times: 1, cut_at: 4_000_000 };
      await faultProxy.rules([...(one ? [cut] : []), slow(driver)]);
      await model.open(faultProxy);
      await model.click('Download');
      const cuts = one ? [] : [0.3, 0.6];
      for (const part of cuts) {
        await model.isPast(part);
        await faultProxy.cut();
      }
      await model.becomes('ready');
      const cost = await waste(faultProxy, server);
      info.annotations.push({ type: 'waste', description: `${cost} bytes` });
      expect((await faultProxy.log()).filter((request) => request.ended === 'cut').length, 'answers cut').toBeGreaterThan(0);
      expect(cost).toBeLessThanOrEqual((one ? 1 : cuts.length) * CUT[engine]);
      expectWhole(await storedFiles(driver, server, server.model), server);
    });

    test('Cancel keeps what is there, Resume gets the rest, Delete asks first, Discard leaves nothing', async ({ server, faultProxy, driver, model }) => {
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
      expectWhole(await storedFiles(driver, server, server.model), server);

      await model.click('Delete');
      await model.click('No, keep it');
      expect(await model.state()).toBe('ready');
      await model.click('Delete');
      expect(await storedPieces(driver)).not.toEqual([]);
      await model.click('Yes, delete');
      await model.becomes('absent');
      expect([await storedPieces(driver), await storedManifests(driver)]).toEqual([[], []]);
      await faultProxy.rules([slow(driver)]);
      mark = await faultProxy.mark();
      await model.click('Download');
      await model.isPast(0.1);
      expect(await asked(faultProxy, mark), 'what was deleted is fetched').not.toEqual([]);
      await model.click('Cancel');
      await model.becomes('interrupted');
      await model.click('Discard');
      await model.becomes('absent');
      expect([await storedPieces(driver), await storedManifests(driver), await storedParts(driver)]).toEqual([[], [], []]);
    });

    test('a page that is loaded again in the middle goes on', async ({ server, faultProxy, driver, model }, info) => {
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
      expectWhole(await storedFiles(driver, server, server.model), server);
    });

    test('after its tab was closed a download goes on, at the latest with the next visit', async ({ server, faultProxy, driver, model }, info) => {
      await faultProxy.rules([slow(driver)]);
      // The first tab stays empty, so that the browser does not end.
      await driver.newTab();
      await model.open(faultProxy);
      await model.click('Download');
      await model.isPast(0.4);
      await driver.closeTab();
      const open = async () => (await faultProxy.log()).filter((request) => request.path.startsWith('/pieces/') && request.ended === 'open');
      if (driver.downloads === 'background') {
        // Looked at by a page without the program. Between the last byte and the worker's event, nothing tells a page of ours that
        // the browser has everything.
        await driver.open(`${faultProxy.url}/healthz`);
        const pieces = new Set((await server.manifest()).files.flatMap((file) => file.pieces));
        await until('the rest to be stored without a page', async () => (await storedPieces(driver)).length === pieces.size);
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
      expectWhole(await storedFiles(driver, server, server.model), server);
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
      expectWhole(await storedFiles(driver, server, server.model), server);
    });

    test('a piece that the browser removed is fetched again while the model is read', async ({ server, driver, model }) => {
      const { piece, url } = await oneRemoved(server, driver, model);
      const mark = server.mark();
      const [whole, part] = await Promise.all([ask(driver, { url }), ask(driver, { url, headers: { range: `bytes=${MADE.piece}-` } })]);
      expect([whole.sha256, part.status]).toEqual([server.payload.digests().get('model.safetensors'), 206]);
      expect(server.pieceRequests(mark), 'once for both').toEqual([piece]);
      expect(await storedPieces(driver)).toContain(piece);
    });

    test('a piece that cannot be had again is never given away unverified', async ({ server, faultProxy, driver, model }) => {
      const { piece, url } = await oneRemoved(server, driver, model, faultProxy);
      await faultProxy.rules([{ path: `/pieces/${piece}`, corrupt_at: 1_000 }]);
      const whole = await ask(driver, { url }).then(({ sha256 }) => sha256, () => 'an error');
      // Where the answer has not begun yet, the whole file can come from the server; else it ends there.
      expect(whole).toBe(engine === 'chromium' ? server.payload.digests().get('model.safetensors') : 'an error');
      expect(await storedPieces(driver)).not.toContain(piece);
    });
  });
}
