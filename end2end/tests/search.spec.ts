// Searching a text by meaning on the page of a model that is on the device.
import type { Page } from '@playwright/test';
import { tolerateFailures } from '../harness/faults.ts';
import { isAccessible, looksRight } from '../harness/looks.ts';
import { SearchPanel } from '../harness/search-panel.ts';
import { expect, ModelPage, type Server, test } from '../harness/real.ts';

async function ready(page: Page, server: Server): Promise<SearchPanel> {
  const model = await ModelPage.open(page, server);
  const search = new SearchPanel(page);
  await search.is('absent');
  await expect(search.section).toContainText('That works once the model is on this device.');
  await model.click('Download');
  await model.becomes('ready');
  await search.is('edit');
  return search;
}

function words(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/\p{L}+/gu));
}

/** Distinct sentences, each a paragraph. */
function long(paragraphs: number): string {
  return Array.from({ length: paragraphs }, (_, i) => `Bridge number ${i} of the town is ${i * 3 + 7} metres long.`).join('\n\n');
}

test('passages are found by their meaning, also with the server gone', async ({ server, device }) => {
  const page = await device.newPage();
  const search = await ready(page, server);
  const asked = () => server.log().filter(({ path }) => path.startsWith('/inference'));
  expect(asked(), 'nothing is loaded before it is wanted').toEqual([]);
  await search.read();
  await expect(search.query).toBeFocused();
  await expect(search.state).toHaveText(/^\d+ passages can be searched$/);

  // No word of these is in the passage that is meant.
  for (const [query, passage] of [
    ['navigation of wildlife', /Swallows|eels/],
    ['an operation in a hospital', /surgeon/],
    ['volcanic eruption', /lava|curtain of fire/],
    ['baking', /loaf|sourdough|Steam|yeast/],
    ['lighthouse', /lamp on Holm Rock|keeper|fog/],
  ] as const) {
    const found = await search.finds(query, passage);
    const common = [...words(query)].filter((word) => words(found).has(word) && word.length > 3);
    expect(common, `${query}: ${found}`).toEqual([]);
  }
  // Marked in the text, the closest one in sight; its place can be gone to.
  const first = search.hits.first();
  const text = await first.getByRole('link').innerText();
  await search.section.getByRole('region').scrollIntoViewIfNeeded();
  await expect(search.marks.filter({ hasText: text })).toBeInViewport();
  await expect(first.getByRole('meter', { name: 'Similarity' })).toHaveAttribute('value', /^[1-9]\d?$/);
  await expect(first).toContainText(/[1-9]\d? %/);
  await first.getByRole('link').focus();
  await page.keyboard.press('Enter');
  await expect(search.section.locator('.marked :target')).toHaveText(text);

  // What is cleared is gone.
  await search.query.fill('');
  await expect(search.hits).toHaveCount(0);
  await expect(search.marks).toHaveCount(0);

  await server.stop();
  await search.button('Change the text').click();
  await search.is('edit');
  await expect(search.source).toBeFocused();
  await search.read('Der Zug nach Linz fährt um acht.\n\nThe cat sleeps on the warm stove. 🐈\n\nTaxes are due in March.');
  await expect(search.state).toHaveText('3 passages can be searched');
  await search.finds('a pet that rests', /🐈/);
  await expect(search.marks.first()).toHaveText('The cat sleeps on the warm stove. 🐈');
});

// Alone: it measures for how long the page does not react.
test('a long text can be stopped in the middle, is searched meanwhile, and holds nothing up', { tag: '@alone' }, async ({ server, device }) => {
  const page = await device.newPage();
  const search = await ready(page, server);
  await page.evaluate(() => {
    const longest = { ms: 0 };
    Object.assign(globalThis, { longest });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest.ms = Math.max(longest.ms, duration);
    }).observe({ type: 'longtask' });
  });
  await search.put(long(3_000));
  await search.button('Search in this text').click();
  await search.query.fill('crossing the river');
  await expect(search.section.getByRole('progressbar')).toBeVisible();
  await expect(search.section).toContainText(/[1-9]\d* of 3000 passages/);
  await expect(search.hits.first()).toContainText('Bridge');
  await search.is('busy');
  await search.button('Cancel').click();
  await search.is('search');
  await expect(search.state).toHaveText(/^Stopped: [1-9]\d* of 3000 passages can be searched$/);
  await search.finds('bridge number 3', /Bridge number/);
  const longest = await page.evaluate(() => (globalThis as unknown as { longest: { ms: number } }).longest.ms);
  expect(longest, 'longest time in ms in which the page did not react').toBeLessThan(1_000);
  // Again from the beginning: the model stays loaded.
  await search.button('Change the text').click();
  await search.read('Just one.');
  await expect(search.state).toHaveText('1 passage can be searched');
});

test('a file is dropped or chosen; what is no text is refused', async ({ server, device }) => {
  const page = await device.newPage();
  const search = await ready(page, server);
  const drop = (name: string, content: string) =>
    search.section.evaluate(
      (section, { name, content }) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([content], name));
        const over = new DragEvent('dragover', { dataTransfer, bubbles: true, cancelable: true });
        section.dispatchEvent(over);
        section.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
        return over.defaultPrevented;
      },
      { name, content },
    );
  expect(await drop('picture.png', 'PNG\0\0'), 'the browser would open it').toBe(true);
  await expect(search.failure).toHaveText('This file is not a text. Choose one that is, such as .txt or .md.');
  expect(await drop('notes.txt', 'The boiler was repaired.\n\nNobody came to the party.')).toBe(true);
  await search.is('search');
  await expect(search.failure).toBeHidden();
  await search.finds('heating engineer', /boiler/);
  await search.button('Change the text').click();
  await search.section.getByLabel('Open a text file').setInputFiles({
    name: 'log.md',
    mimeType: 'text/markdown',
    buffer: Buffer.from('Ships must wait outside.\n\nThe vineyard was harvested by hand.'),
  });
  await search.is('search');
  await search.finds('wine', /vineyard/);
  await search.button('Change the text').click();
  await search.source.fill(' \n ');
  await search.button('Search in this text').click();
  await expect(search.failure).toHaveText('There is no text yet: paste one, or drop a file.');
});

test('a program that cannot be loaded is named, and tried again; a model that goes takes the search with it', async ({
  server,
  device,
}) => {
  const page = await device.newPage();
  const search = await ready(page, server);
  tolerateFailures(device);
  await server.stop();
  await search.button('Search in this text').click();
  await expect(search.failure).toContainText('The program that reads texts could not be loaded');
  await search.is('edit');
  await server.start();
  await search.read();
  await expect(search.failure).toBeHidden();
  const model = new ModelPage(page);
  await model.delete();
  await model.becomes('absent');
  await search.is('absent');
});

test('the search looks right and everybody can use it', async ({ server, device }) => {
  const page = await device.newPage();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const search = await ready(page, server);
  const check = async (phase: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await looksRight(page, `${colorScheme}-search-${phase}`);
      await isAccessible(page, `search, ${phase}, ${colorScheme}`);
    }
  };
  await check('edit');
  await search.read();
  await search.finds('navigation of wildlife', /Swallows|eels/);
  await check('found');
  await search.button('Change the text').click();
  await search.put(long(4_000));
  await search.button('Search in this text').click();
  await expect(search.section).toContainText(/[1-9]\d* of 4000 passages/);
  await check('busy');
  await search.button('Cancel').click();
  await search.is('search');
});
