// The pages at the widths of a telephone and of a desk, by day and by night: nothing sticks out, nothing is
// hard to read, and everything can be operated with a keyboard or a screen reader. Pictures are kept.
import { mkdirSync } from 'node:fs';
import { tolerateFailures } from '../harness/faults.ts';
import { isAccessible, looksRight } from '../harness/looks.ts';
import { pictures } from '../harness/paths.ts';
import { storedShell } from '../harness/shell.ts';
import { expect, MODEL, ModelPage, test } from '../harness/real.ts';

for (const scheme of ['light', 'dark'] as const) {
  test(`the pages are right in every state, ${scheme}`, async ({ faultProxy, device }) => {
    const page = await device.newPage();
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const check = async (state: string) => {
      await looksRight(page, `${scheme}-${state}`);
      await isAccessible(page, `${state}, ${scheme}`);
    };

    await page.goto(faultProxy.url);
    await check('catalogue');
    const brightness = await page.evaluate(() => {
      const colors = [document.body, document.documentElement].map((element) =>
        getComputedStyle(element).backgroundColor.match(/[\d.]+/g)!.map(Number),
      );
      const [red, green, blue] = colors.find((color) => color[3] !== 0)!;
      return (red! + green! + blue!) / 3;
    });
    if (scheme === 'dark') expect(brightness).toBeLessThan(80);
    else expect(brightness).toBeGreaterThan(175);

    const model = await ModelPage.open(page, faultProxy);
    await model.becomes('absent');
    await check('absent');
    await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 3_000_000 }]);
    await model.click('Download');
    await model.isPast(0.1);
    await check('fetching');
    await model.click('Cancel');
    await model.becomes('interrupted');
    await check('interrupted');
    await faultProxy.rules([]);
    await model.click('Resume');
    await model.becomes('ready');
    await check('ready');
    await page.goto(`${faultProxy.url}/nobody/nothing`);
    await check('missing');
    device.tolerate(/nobody\/nothing: error: Failed to load resource: .* 404/);
  });
}

for (const scheme of ['light', 'dark'] as const) {
  test(`the pages are right without the server, and when there is a new build, ${scheme}`, async ({ server, device }) => {
    tolerateFailures(device);
    mkdirSync(pictures, { recursive: true });
    const page = await device.newPage();
    const session = await page.context().newCDPSession(page);
    // As in a window of its own.
    const features = [
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'display-mode', value: 'standalone' },
    ];
    await session.send('Emulation.setEmulatedMedia', { features });
    const check = async (state: string) => {
      await looksRight(page, `${scheme}-${state}`);
      await isAccessible(page, `${state}, ${scheme}`);
    };
    const model = await ModelPage.open(page, server);
    await expect.poll(() => storedShell(page)).toEqual(expect.arrayContaining(['/', '/offline', `/${MODEL}`]));

    // What makes this mark come is in update.spec.ts; here it is looked at.
    await page.evaluate(() => document.documentElement.toggleAttribute('data-renewed', true));
    await expect(page.getByText('There is a new version')).toBeVisible();
    await check('renewed');

    await server.stop();
    await model.reload();
    await expect(page.getByText('You are offline')).toBeVisible();
    await check('offline-model');
    await page.goto(server.url);
    await expect(page.getByText('needs the network')).toBeVisible();
    await check('offline-catalogue');
    await page.goto(`${server.url}/nobody/nothing`);
    await expect(page.getByText('You are offline')).toBeVisible();
    await check('offline-missing');
  });
}

test('everything can be done with the keyboard', async ({ server, device }) => {
  const model = await ModelPage.open(await device.newPage(), server);
  const press = async (name: string) => {
    await model.button(name).focus();
    await expect(model.button(name)).toBeFocused();
    await model.page.keyboard.press('Enter');
  };
  await press('Download');
  await model.becomes('ready');
  await press('Delete');
  await press('Yes, delete');
  await model.becomes('absent');
});
