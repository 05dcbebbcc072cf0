// A piece whose bytes are not what its name says never gets into the store.
import { bystander, expect, expectedDigests, MODEL, ModelPage, type Server, storedFiles, storedPieces, test } from '../harness/test.ts';

async function damagedPiece(server: Server): Promise<string> {
  const manifest = await server.manifest();
  return manifest.files.find((file) => file.path === 'model.safetensors')!.pieces[1]!;
}

test('a damaged piece is refused and reported, and Resume fetches it alone', async ({ server, faultProxy, device }) => {
  const damaged = await damagedPiece(server);
  await faultProxy.rules([{ path: `/pieces/${damaged}`, corrupt_at: 1_000 }]);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.becomes('interrupted');
  await expect(model.section).toContainText('One piece arrived damaged and was not kept.');
  device.tolerate(/piece (\w+ )?was refused/);
  const witness = await bystander(faultProxy, device);
  expect(await storedPieces(witness)).not.toContain(damaged);

  await faultProxy.rules([]);
  const mark = server.mark();
  await model.click('Resume');
  await model.becomes('ready');
  expect(server.pieceRequests(mark)).toEqual([damaged]);
  const files = await storedFiles(witness, server, MODEL);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
});

test('without Background Fetch a damaged piece is refused too, and is not taken from the HTTP cache afterwards', async ({ server, faultProxy, device }) => {
  const damaged = await damagedPiece(server);
  await faultProxy.rules([{ path: `/pieces/${damaged}`, corrupt_at: 1_000 }]);
  const page = await device.newPageWithoutBackgroundFetch();
  const model = await ModelPage.open(page, faultProxy);
  await model.click('Download');
  await model.becomes('interrupted');
  await expect(model.section).toContainText('One piece arrived damaged and was not kept.');
  device.tolerate(/piece (\w+ )?was refused/);
  expect(await storedPieces(await bystander(faultProxy, device))).not.toContain(damaged);

  await faultProxy.rules([]);
  const mark = server.mark();
  await model.click('Resume');
  await model.becomes('ready');
  expect(new Set(server.pieceRequests(mark))).toContain(damaged);
});
