// A user clicks Download, and the model is on their device, byte for byte.
import { bystander, expect, expectedDigests, MODEL, ModelPage, storedFiles, storedManifests, test } from '../harness/test.ts';

test('a download is the browser’s own, and is told in bytes and percent', async ({ faultProxy, device }) => {
  await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 8_000_000 }]);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.becomes('fetching');
  await expect(model.section).toHaveAttribute('data-engine', 'background');

  await model.isPast(0.2);
  await expect(model.bar).toHaveAttribute('aria-valuemin', '0');
  await expect(model.bar).toHaveAttribute('aria-valuetext', /\d/);
  await expect(model.status).toHaveAttribute('role', 'status');
  await expect(model.status).toHaveText(/\d.*%/);
  await model.becomes('ready');
});

test.describe('two models with the same files', () => {
  const TWIN = 'somebody-else/the-same-model';
  test.use({ models: [MODEL, TWIN] });

  test('the second one is there without a piece being fetched, and outlives the first', async ({ server, device }) => {
    const page = await device.newPage();
    const model = await ModelPage.open(page, server);
    await model.click('Download');
    await model.becomes('ready');

    const mark = server.mark();
    const twin = await ModelPage.open(page, server, TWIN);
    await twin.click('Download');
    await twin.becomes('ready');
    expect(server.pieceRequests(mark)).toEqual([]);

    const again = await ModelPage.open(page, server);
    await again.delete();
    await again.becomes('absent');
    await (await ModelPage.open(page, server, TWIN)).becomes('ready');
    const files = await storedFiles(await bystander(server, device), server, TWIN);
    expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
  });
});

test('when the server has a newer version, only what has changed is fetched', async ({ server, device }) => {
  const model = await ModelPage.open(await device.newPage(), server);
  await model.click('Download');
  await model.becomes('ready');
  let mark = server.mark();
  await model.reload();
  await model.becomes('ready');
  expect(server.pieceRequests(mark)).toEqual([]);

  const { revision } = await server.manifest();
  server.addFile(MODEL, 'notes.txt', 'new in this version\n');
  await expect.poll(async () => (await server.manifest()).revision, { timeout: 30_000 }).not.toBe(revision);
  const newer = await server.manifest();
  mark = server.mark();
  await model.reload();
  await model.becomes('absent');
  await expect(model.section).toContainText('Another version of this model is on this device.');
  await model.click('Download');
  await model.becomes('ready');
  expect(server.pieceRequests(mark)).toEqual(newer.files.find((file) => file.path === 'notes.txt')!.pieces);
  const witness = await bystander(server, device);
  // The older one is let go of once the newer one is there.
  await expect.poll(() => storedManifests(witness)).toEqual([`/api/models/${MODEL}/manifest/${newer.revision}`]);
});
