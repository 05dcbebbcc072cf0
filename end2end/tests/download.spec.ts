// A person clicks Download, and the model is on their device, byte for byte.
import { bystander, expect, expectedDigests, MODEL, ModelPage, storedFiles, storedPieces, test } from '../harness/test.ts';

test('Download brings the model, and what is stored has the SHA-256 of the files', async ({ server, device }) => {
  const manifest = await server.manifest();
  const model = await ModelPage.open(await device.newPage(), server);
  await model.becomes('absent');
  await expect(model.button('Download')).toBeEnabled();

  await model.click('Download');
  await model.becomes('ready');
  expect(await model.kept()).toBe(await model.total());

  const witness = await bystander(server, () => device.newPage());
  const files = await storedFiles(witness, MODEL);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
  const named = manifest.files.flatMap((file) => file.pieces);
  expect(await storedPieces(witness)).toEqual([...new Set(named)].sort());
});
