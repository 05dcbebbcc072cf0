// Where the browser has no Background Fetch, the page downloads: same button, same store, same states.
import { bystander, expect, expectedDigests, MODEL, ModelPage, PIECE, storedFiles, storedPieces, test } from '../harness/test.ts';

test('the page itself downloads to ready', async ({ server, faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 3_000_000 }]);
  const model = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await model.click('Download');
  await model.becomes('fetching');
  await expect(model.section).toHaveAttribute('data-engine', 'page');
  await model.isPast(0.2);
  await model.becomes('ready');
  const files = await storedFiles(await bystander(faultProxy, device), server, MODEL);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
});

test('Cancel keeps whole pieces, and Resume does not fetch them again', async ({ server, faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 1_000_000 }]);
  const model = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await model.click('Download');
  await model.keeps(PIECE);
  await model.click('Cancel');
  await model.becomes('interrupted');
  const kept = await storedPieces(await bystander(faultProxy, device));
  expect(kept.length).toBeGreaterThan(0);

  await faultProxy.rules([]);
  const mark = server.mark();
  await model.click('Resume');
  await model.becomes('ready');
  expect(server.pieceRequests(mark).filter((digest) => kept.includes(digest))).toEqual([]);
});

test('a tab that is closed in the middle keeps whole pieces for the next visit', async ({ server, faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 1_000_000 }]);
  const model = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await model.click('Download');
  await model.keeps(PIECE);
  await model.page.close();
  const kept = await storedPieces(await bystander(faultProxy, device));

  await faultProxy.rules([]);
  const mark = server.mark();
  const again = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await expect(again.section).toHaveAttribute('data-state', /interrupted|preparing|fetching|settling|ready/);
  if ((await again.state()) === 'interrupted') await again.click('Resume');
  await again.becomes('ready');
  expect(server.pieceRequests(mark).filter((digest) => kept.includes(digest))).toEqual([]);
});

test('a download that Background Fetch began is finished by the page', async ({ server, faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 2_000_000 }]);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.keeps(1.5 * PIECE);
  await model.click('Cancel');
  await model.becomes('interrupted');
  const kept = await storedPieces(await bystander(faultProxy, device));

  await faultProxy.rules([]);
  const mark = server.mark();
  const other = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await other.click('Resume');
  await other.becomes('ready');
  expect(server.pieceRequests(mark).filter((digest) => kept.includes(digest))).toEqual([]);
});

test('tabs take turns: no piece is fetched twice, and the second goes on when the first is closed', async ({ server, faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 700_000 }]);
  const first = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  const second = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await first.click('Download');
  await expect(second.section).toContainText('Another tab downloads this model.');
  await second.keeps(PIECE / 2);
  const pieces = () => server.log().filter((request) => request.path.startsWith('/pieces/'));
  const asked = pieces().map((request) => `${request.path} ${request.range}`);
  expect(asked.length, 'ranges that were asked for twice').toBe(new Set(asked).size);

  await first.page.close();
  await faultProxy.rules([]);
  await second.becomes('ready');
  const sent = pieces().reduce((sum, request) => sum + request.bytes, 0);
  // What was on its way when the tab was closed, and what the connections' buffers held.
  expect(sent - (await second.total()), 'bytes sent twice').toBeLessThanOrEqual(4 << 20);
});

test('Cancel in one tab stops the one that downloads', async ({ faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 700_000 }]);
  const first = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  const second = await ModelPage.open(await device.newPageWithoutBackgroundFetch(), faultProxy);
  await first.click('Download');
  await expect(second.section).toContainText('Another tab downloads this model.');
  await second.click('Cancel');
  await first.becomes('interrupted');
  await second.becomes('interrupted');
});
