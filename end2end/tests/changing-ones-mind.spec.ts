// Cancel, Resume, Discard and Delete.
import type { Locator } from '@playwright/test';
import { bystander, expect, expectedDigests, MODEL, ModelPage, PIECE, storedFiles, storedManifests, storedPieces, test, until } from '../harness/test.ts';

// More than any one of the three large pieces, less than any two and the small ones: reached when two are kept.
const TWO_PIECES = 1.5 * PIECE;

// The browser fetches two pieces side by side: in bytes a second, of one.
const SLOW = [{ path: '/pieces/', bytes_per_second: 2_000_000 }];

test('Cancel keeps what has come, and Resume fetches only the rest', async ({ server, faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const manifest = await server.manifest();
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.keeps(TWO_PIECES);
  await model.click('Cancel');
  await model.becomes('interrupted');
  expect(await model.kept()).toBeGreaterThan(TWO_PIECES);
  expect(await model.kept()).toBeLessThan(await model.total());

  const witness = await bystander(faultProxy, device);
  const kept = await storedPieces(witness);
  const missing = manifest.files.flatMap((file) => file.pieces).filter((digest) => !kept.includes(digest));
  expect(missing).toHaveLength(1);

  await faultProxy.rules([]);
  const mark = server.mark();
  await model.click('Resume');
  await model.becomes('ready');
  expect(server.pieceRequests(mark)).toEqual(missing);
  const files = await storedFiles(witness, server, MODEL);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
});

test('what was cancelled stays so after a reload', async ({ server, faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.isPast(0.1);
  await model.click('Cancel');
  await model.becomes('interrupted');
  const kept = await model.kept();

  const mark = server.mark();
  await model.reload();
  await model.becomes('interrupted');
  expect(await model.kept()).toBe(kept);
  expect(server.pieceRequests(mark)).toEqual([]);
});

test('Cancel while the new version is asked for begins nothing, nor does the page that is opened next', async ({ server, faultProxy, device }) => {
  device.tolerate(/Failed to load resource/);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  const { revision } = await server.manifest();
  server.replaceFile(MODEL, 'config.json', new TextEncoder().encode('{}'));
  await until('the server to have the new version', async () => (await server.manifest()).revision !== revision);
  await model.click('Download');
  await expect(model.button('Get the new version')).toBeVisible();
  await faultProxy.rules([{ name: 'late', path: '/api/models/*', delay_ms: 3_000 }]);
  await model.click('Get the new version');
  await until('the question', async () => (await faultProxy.used()).some((rule) => rule.name === 'late' && rule.used > 0));
  await model.click('Cancel');
  await until('the answer', async () => (await faultProxy.log()).every((request) => request.ended !== 'open'));
  await model.becomes('interrupted');
  await faultProxy.rules([]);
  await model.reload();
  await model.becomes('absent');
  expect((await faultProxy.log()).filter((request) => request.path.startsWith('/pieces/'))).toEqual([]);
});

test('the second click of a double click does nothing, whatever has come to its place', async ({ server, device }) => {
  const model = await ModelPage.open(await device.newPage(), server);
  const settings = model.section.locator('details');
  const click = async (target: Locator, clickCount: number) => {
    await target.hover();
    await model.page.mouse.down({ clickCount });
    await model.page.mouse.up({ clickCount });
  };
  const isOpen = () => settings.evaluate((details: HTMLDetailsElement) => details.open);
  await model.page.bringToFront();
  await click(settings.locator('summary'), 2);
  expect(await isOpen()).toBe(false);
  await click(settings.locator('summary'), 1);
  expect(await isOpen()).toBe(true);
  await click(model.button('Download'), 2);
  expect(await model.state()).toBe('absent');
  await click(model.button('Download'), 1);
  await model.becomes('ready');
  expect(await model.page.evaluate(() => String(getSelection()))).toBe('');
});

test('Discard leaves nothing behind', async ({ faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.keeps(TWO_PIECES);
  await model.click('Cancel');
  await model.becomes('interrupted');
  await model.click('Discard');
  await model.becomes('absent');

  const witness = await bystander(faultProxy, device);
  expect(await storedPieces(witness)).toEqual([]);
  expect(await storedManifests(witness)).toEqual([]);
  await expect(model.button('Download')).toBeEnabled();
});

test('Delete asks first, then removes the model, which can be downloaded again', async ({ server, device }) => {
  const model = await ModelPage.open(await device.newPage(), server);
  await model.click('Download');
  await model.becomes('ready');
  const witness = await bystander(server, device);

  await model.click('Delete');
  await expect(model.button('Yes, delete')).toBeVisible();
  expect(await storedPieces(witness)).not.toEqual([]);
  await model.click('Yes, delete');
  await model.becomes('absent');
  expect(await storedPieces(witness)).toEqual([]);
  expect(await storedManifests(witness)).toEqual([]);

  await model.click('Download');
  await model.becomes('ready');
});

test('a button that takes the place of another one does not take its click, nor does the keyboard lose its place', async ({ faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.section.evaluate((section) => {
    const cancel = [...section.querySelectorAll('button')].find((button) => button.textContent === 'Cancel')!;
    const meets = () => {
      const { x, y, width, height } = cancel.getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2) === cancel;
    };
    new MutationObserver(() => cancel.hidden || Object.assign(window, { atFirst: meets(), meets }))
      .observe(cancel, { attributeFilter: ['hidden'] });
  });
  await model.click('Download');
  const met = () => model.page.evaluate(() => {
    const { atFirst, meets } = window as unknown as { atFirst?: boolean; meets?: () => boolean };
    return [atFirst, meets?.()];
  });
  await until('the button to take clicks, and not at first', async () => {
    const [atFirst, now] = await met();
    expect(atFirst).not.toBe(true);
    return atFirst === false && now;
  });

  // Not `toBeFocused`: that wants the window to be the one in front, too.
  const focused = (element: Element) => element === document.activeElement;
  const group = model.section.getByRole('group', { name: 'Download on this device' });
  expect(await group.evaluate(focused)).toBe(true);
  await model.page.keyboard.press('Tab');
  expect(await model.button('Cancel').evaluate(focused)).toBe(true);

  await model.click('Cancel');
  await model.becomes('interrupted');
});
