// Buttons while a download begins and ends.
import type { Locator } from '@playwright/test';
import { expect, ModelPage, test, until } from '../harness/test.ts';

// The browser fetches two pieces side by side: in bytes a second, of one.
const SLOW = [{ path: '/pieces/', bytes_per_second: 2_000_000 }];

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
