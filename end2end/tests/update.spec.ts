// Another build of the pages while they are open: a prompt, in time, and never a mix of two builds.
import type { Page } from '@playwright/test';
import { ownPage } from '../engines/own-page.ts';
import { tolerateFailures } from '../harness/faults.ts';
import { SearchPanel } from '../harness/search-panel.ts';
import { storedShell, storedShells } from '../harness/shell.ts';
import { endIdleWorkers } from '../harness/takeover.ts';
import { REAL } from '../harness/models.ts';
import { expect, MODEL, ModelPage, type Server, test, until } from '../harness/test.ts';

const PROMPT = /There is a new version of this page/;

async function deploy(server: Server, name: string): Promise<void> {
  server.build = await server.anotherBuild(name);
  await server.restart();
}

/**
 * As the next look at the page makes it: it was behind another tab. The page looks every 5 s how things are. With its clock set
 * forward, Chromium did not always fetch the new worker.
 */
async function comesIntoSight(page: Page): Promise<void> {
  const other = await page.context().newPage();
  await other.bringToFront();
  await until('the page to be out of sight', () => page.evaluate(() => document.hidden));
  await new Promise((over) => setTimeout(over, 6_000));
  await page.bringToFront();
  await other.close();
}

function build(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--build').trim());
}

// What is done to the workers of all tabs would go on in other tests.
test.use({ kind: { own: true } });

test.beforeEach(({ device }) => {
  // A page that is closed at once is no matter of this.
  device.context.on('page', (page) => void endIdleWorkers(page).catch(() => undefined));
});

test('a new build is announced, and loading again gives page, files and worker of it', async ({ server, device }) => {
  tolerateFailures(device);
  const page = await device.newPage();
  await page.goto(server.url);
  await expect.poll(() => storedShell(page)).toContain('/offline');
  const before = await page.evaluate(async () => (await (await fetch('/service-worker.js')).text()).slice(0, 100));
  await deploy(server, 'second');
  expect(await page.evaluate(async () => (await (await fetch('/service-worker.js')).text()).slice(0, 100))).not.toBe(before);
  await expect(page.getByText(PROMPT)).toBeHidden();
  await comesIntoSight(page);
  await expect(page.getByText(PROMPT)).toBeVisible();
  // It goes on as it was until then.
  expect(await build(page)).toBe('');

  await page.getByRole('link', { name: 'Reload' }).click();
  await expect.poll(() => build(page)).toBe('second');
  await expect(page.getByText(PROMPT)).toBeHidden();
  await expect.poll(async () => (await storedShell(page)).some((path) => path.endsWith('.second.css'))).toBe(true);
  // Without the server, all of it is of the new build.
  await server.stop();
  await page.reload();
  expect(await build(page)).toBe('second');

  // Of many builds, the last two are kept.
  for (const name of ['third', 'fourth']) {
    await deploy(server, name);
    await page.reload();
    await expect.poll(() => build(page)).toBe(name);
    await expect.poll(async () => (await storedShell(page)).some((path) => path.endsWith(`.${name}.css`))).toBe(true);
  }
  await expect.poll(async () => (await storedShells(page)).length).toBe(2);
});

for (const engine of ['background', 'page'] as const) {
  test.describe(() => {
    // Long enough for what is looked at meanwhile.
    if (engine === 'page') test.use({ payload: REAL });

    test(`the prompt waits for the end of a download (${engine})`, async ({ server, device }) => {
      test.setTimeout(240_000);
      tolerateFailures(device);
      device.tolerate(/a request failed/);
      const page = engine === 'page' ? await device.newPageWithoutBackgroundFetch() : await device.newPage();
      const model = await ModelPage.open(page, server);
      await expect.poll(() => storedShell(page)).toContain('/offline');
      const other = await device.newPage();
      await other.goto(server.url);
      // The page engine has four connections.
      server.faults({ bytes_per_second: engine === 'page' ? 700_000 : 600_000 });
      await model.click('Download');
      await model.isPast(0.05);
      await deploy(server, 'second');
      await comesIntoSight(page);
      const own = await page.evaluate(() => document.documentElement.dataset.build);
      await until('the new worker to be the one', () =>
        page.evaluate(async (own) => {
          const tag = (await fetch('/service-worker.js', { method: 'HEAD' })).headers.get('etag');
          const registration = (await navigator.serviceWorker.getRegistration())!;
          return !tag!.includes(own!) && !registration.installing && !registration.waiting && registration.active?.state === 'activated';
        }, own),
      );
      expect(await model.state()).toBe('fetching');
      await expect(page.getByText(PROMPT)).toBeHidden();
      await comesIntoSight(other);
      expect(await model.state()).toBe('fetching');
      await expect(other.getByText(PROMPT), 'in another tab').toBeHidden();
      server.faults({});
      // Whoever waits for the end looks at this page.
      await page.bringToFront();
      // The server's restart has cut a piece, and Chromium may pause one that was resumed.
      const goOn = model.button('Go on in this page');
      const led = async () => (await model.state()) === 'ready' || (await goOn.isVisible());
      await expect.poll(led, { timeout: 100_000 }).toBe(true);
      if (await goOn.isVisible()) await model.click('Go on in this page');
      await model.becomes('ready', 60_000);
      await other.bringToFront();
      await expect(other.getByText(PROMPT)).toBeVisible();
      await page.bringToFront();
      await expect(page.getByText(PROMPT)).toBeVisible();
      expect(await build(page)).toBe('');
    });
  });
}

test('a page of the new build has no prompt, though the worker is still the old one', async ({ server, device }) => {
  tolerateFailures(device);
  const page = await device.newPage();
  await page.goto(server.url);
  await expect.poll(() => storedShell(page)).toContain('/offline');
  await deploy(server, 'second');
  await page.goto(`${server.url}/${MODEL}`);
  expect(await build(page)).toBe('second');
  await expect.poll(async () => (await storedShells(page)).length).toBe(2);
  await expect(page.getByText(PROMPT)).toBeHidden();
});

test.describe(() => {
  test.use({ payload: REAL });

  test('programs that were used are there offline after an update of nothing but them', async ({ server, faultProxy, device }) => {
    tolerateFailures(device);
    await faultProxy.rules([ownPage('<script type="module">import { list } from "/modelferry.js"; document.title = (await list()).length;</script>')]);
    const page = await device.newPage();
    const model = await ModelPage.open(page, faultProxy);
    await model.click('Download');
    await model.becomes('ready');
    const search = new SearchPanel(page);
    await search.is('edit');
    await search.read('The cat sleeps.\n\nTaxes are due.');
    await page.goto(`${faultProxy.url}/own/page.html`);
    await expect(page).toHaveTitle('1');
    await page.goto(`${faultProxy.url}/${REAL.id}`);
    await expect.poll(() => storedShell(page)).toEqual(expect.arrayContaining(['/modelferry.js', '/inference-worker.js', '/offline']));
    const programs = async () => (await storedShell(page)).filter((path) => /^\/(inference|module)\//.test(path));
    const before = await programs();
    expect(before.length).toBe(4);

    server.build = server.buildWithOtherPrograms();
    await server.restart();
    await page.reload();
    await expect.poll(async () => (await storedShells(page)).length).toBe(2);
    await expect.poll(() => storedShell(page)).toEqual(expect.arrayContaining(['/modelferry.js', '/inference-worker.js', `/${REAL.id}`]));
    expect(await programs()).toEqual(before.map((path) => path.replace(/[0-9a-f]{16}/, (name) => [...name].reverse().join(''))).sort());
    await faultProxy.down();
    await page.goto(`${faultProxy.url}/${REAL.id}`);
    await search.is('edit');
    await search.read('The cat sleeps.\n\nTaxes are due.');
    await search.finds('a pet', /cat/);
    // The page stands in for one that its owner keeps.
    await page.evaluate(() => import('/modelferry.js' as string).then(({ list }) => list())).then((list) => expect(list).toHaveLength(1));
  });
});

for (const takenOver of [false, true]) {
  const worker = takenOver ? 'new' : 'old';
  test(`a page whose files did not come takes the place of none that opens offline (${worker} worker)`, async ({ server, faultProxy, device }) => {
    tolerateFailures(device);
    device.tolerate(/could not be kept .*NetworkError|worker could not be renewed/);
    const page = await device.newPage();
    await page.goto(faultProxy.url);
    await expect.poll(() => storedShell(page)).toContain('/');
    const own = await page.evaluate(() => document.documentElement.dataset.build);
    await deploy(server, 'second');
    const lost = [{ path: '/pkg/*.second.css', cut_at: 0 }, { path: '/service-worker.js', cut_at: 0 }];
    await faultProxy.rules(takenOver ? lost.slice(0, 1) : lost);
    await page.reload();
    expect(await page.evaluate(() => document.documentElement.dataset.build)).not.toBe(own);
    // The rest of it comes, and is kept where there is a worker for it.
    await expect.poll(async () => (await faultProxy.log()).some(({ path, status }) => path.endsWith('.second.css') && status !== null)).toBe(true);
    if (takenOver) await expect.poll(async () => (await storedShells(page)).length).toBe(2);
    await new Promise((over) => setTimeout(over, 2_000));
    await faultProxy.down();
    await page.goto(`${faultProxy.url}/`);
    expect(await page.evaluate(() => document.documentElement.dataset.build)).toBe(own);
    expect(await page.evaluate(() => document.styleSheets[0]!.cssRules.length)).toBeGreaterThan(10);

    await faultProxy.up();
    await faultProxy.rules([]);
    await page.reload();
    // The browser looks for a new worker after a navigation, when it finds the time.
    await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())!.update()));
    await expect.poll(async () => (await storedShells(page)).length).toBe(2);
    await expect.poll(() => storedShell(page)).toContain('/offline');
    await faultProxy.down();
    await page.reload();
    expect(await build(page)).toBe('second');
  });
}

test('of builds that come and go, the one used last is kept', async ({ server, device }) => {
  tolerateFailures(device);
  const page = await device.newPage();
  await page.goto(server.url);
  await expect.poll(() => storedShell(page)).toContain('/offline');
  const first = server.build;
  const comes = async (name: string) => {
    await server.restart();
    await page.reload();
    await expect.poll(() => build(page)).toBe(name);
    const sheet = name ? `.${name}.css` : '.css';
    await expect.poll(async () => {
      const last = await storedShell(page);
      return last.includes('/offline') && last.some((path) => path.endsWith(sheet) && (name || !path.endsWith('.second.css')));
    }).toBeTruthy();
  };
  server.build = await server.anotherBuild('second');
  await comes('second');
  server.build = first;
  await comes('');
  server.build = await server.anotherBuild('third');
  await comes('third');
  await expect.poll(async () => (await storedShells(page)).length).toBe(2);
  const [before] = await storedShells(page);
  expect(before!.filter((path) => path.endsWith('.second.css'))).toEqual([]);
});
