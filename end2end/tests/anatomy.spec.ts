// What a model's page says of its files, on the device or not.
import { isAccessible, looksRight } from '../harness/looks.ts';
import { expect, ModelPage, test } from '../harness/test.ts';

test('the page of a real model says what it is, and shows its tensors', async ({ server, device }) => {
  const page = await device.newPage();
  await ModelPage.open(page, server);
  const section = page.getByRole('region', { name: 'What it is' });
  for (const fact of ['BertModel', '22.7 million', '512 tokens', '30,522 tokens']) {
    await expect(section.getByText(fact, { exact: true })).toBeVisible();
  }
  await expect(section).toContainText('22,713,216 parameters in 104 tensors, 90.8 MB.');
  const row = section.getByRole('row', { name: /embeddings\.word_embeddings\.weight/ });
  await expect(row).toBeHidden();
  await section.getByText('104 tensors', { exact: true }).click();
  await expect(row.getByRole('cell')).toHaveText(['30522 × 384', 'F32', '46.8 MB']);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await looksRight(page, `${colorScheme}-tensors`);
    await isAccessible(page, `the tensors, ${colorScheme}`);
  }
});

test.describe('a damaged model', () => {
  test.use({ models: [] });

  test('has a page that says so', async ({ server, device }) => {
    server.addFile('o/damaged', 'model.safetensors', `${'\0'.repeat(8)}{`);
    server.addFile('o/damaged', 'a-very-long-name-of-a-file-that-does-not-fit-into-one-line.gguf', 'GGUF');
    await server.restart();
    const page = await device.newPage();
    await ModelPage.open(page, server, 'o/damaged');
    await expect(page.getByText('What model.safetensors holds cannot be read')).toBeVisible();
    await looksRight(page, 'light-damaged');
    await isAccessible(page, 'a damaged model');
    await expect(page.getByTestId('search')).toHaveCount(0);
  });
});
