// What a model's page says of its files, on the device or not.
import { isAccessible, looksRight } from '../harness/looks.ts';
import { expect, ModelPage, test } from '../harness/real.ts';

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

/** A small GGUF file, as its specification has it: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
function gguf(): Uint8Array {
  const bytes = (value: number, count: number) => Array.from({ length: count }, (_, at) => Math.floor(value / 256 ** at) % 256);
  const u32 = (value: number) => bytes(value, 4);
  const u64 = (value: number) => bytes(value, 8);
  const ascii = (value: string) => [...value].map((letter) => letter.charCodeAt(0));
  const text = (value: string) => [...u64(value.length), ...ascii(value)];
  const header = [
    [ascii('GGUF'), u32(3), u64(2), u64(3)],
    [text('general.architecture'), u32(8), text('llama')],
    // Q4_K, medium.
    [text('general.file_type'), u32(4), u32(15)],
    [text('llama.context_length'), u32(4), u32(4096)],
    [text('token_embd.weight'), u32(2), u64(256), u64(3), u32(12), u64(0)],
    [text('output_norm.weight'), u32(1), u64(256), u32(0), u64(448)],
  ].flat(2);
  // Blocks of 256 take 144 bytes; each tensor begins at a multiple of 32.
  const file = new Uint8Array(Math.ceil(header.length / 32) * 32 + 448 + 1024);
  file.set(header);
  return file;
}

test.describe('a quantised model', () => {
  test.use({ models: [] });

  test('has a page that says how', async ({ server, device }) => {
    server.addFile('o/quantised', 'model.gguf', gguf());
    await server.restart();
    const page = await device.newPage();
    await ModelPage.open(page, server, 'o/quantised');
    const section = page.getByRole('region', { name: 'What it is' });
    for (const fact of ['llama', 'Q4_K_M', '4,096 tokens']) {
      await expect(section.getByText(fact, { exact: true })).toBeVisible();
    }
    await expect(section).toContainText('1,024 parameters in 2 tensors');
    // So few are shown at once.
    await expect(section.getByRole('row', { name: /token_embd/ }).getByRole('cell').nth(1)).toHaveText('Q4_K');
    await looksRight(page, 'light-quantised');
    await isAccessible(page, 'a quantised model');
  });
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
