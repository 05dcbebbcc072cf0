// The pages without the network: what is on the device is seen and used, and what needs the network says so.
import { stopWorkers, tolerateFailures } from '../harness/faults.ts';
import { removeFromShell, storedShell } from '../harness/shell.ts';
import { bystander, type Device, expect, MODEL, ModelPage, test } from '../harness/test.ts';

const ANOTHER = 'another/model';
const NOTICE = /You are offline, or the server is/;

/** The browser says of each request that it failed. */
function tolerateOffline(device: Device): void {
  tolerateFailures(device);
  device.tolerate(/the manifest could not be fetched/);
}

test.use({ models: [MODEL, ANOTHER] });

test('with the server gone, the catalogue says what is on the device, and what needs the network', async ({ server, device }) => {
  tolerateOffline(device);
  // The very first visit, by a link to the model: no worker has seen this page being opened, nor the catalogue.
  const model = await ModelPage.open(await device.newPage(), server);
  await model.click('Download');
  await model.becomes('ready');
  await expect.poll(() => storedShell(model.page)).toEqual(expect.arrayContaining(['/', `/${MODEL}`, '/offline']));
  await server.stop();
  await stopWorkers(model.page);

  const page = await device.newPage();
  await page.goto(server.url);
  await expect(page.getByText(NOTICE)).toBeVisible();
  const card = (id: string) => page.getByRole('listitem').filter({ has: page.locator(`a[href="/${id}"]`) });
  await expect(card(MODEL)).toContainText('On this device');
  await expect(card(MODEL).getByText('needs the network')).toBeHidden();
  await expect(card(ANOTHER).getByText('needs the network')).toBeVisible();
  // It is isolated from other origins as ever, or its programs could not use several threads.
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);

  await page.getByRole('link', { name: MODEL }).click();
  const again = new ModelPage(page);
  await again.becomes('ready');
  await expect(page.getByText(NOTICE)).toBeVisible();
  await again.delete();
  await again.becomes('absent');
});

test('a button that needs the network says so, and goes on when it is back', async ({ server, device }) => {
  tolerateOffline(device);
  const page = await device.newPage();
  await ModelPage.open(page, server);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect.poll(() => page.evaluate(() => Boolean(navigator.serviceWorker.controller))).toBe(true);
  await page.reload();
  await expect.poll(() => storedShell(page)).toContain(`/${MODEL}`);
  await server.stop();

  await page.reload();
  const model = new ModelPage(page);
  await model.becomes('absent');
  await model.click('Download');
  await expect(model.section.locator('.headline')).toHaveText('Waiting for the network');
  await expect(page.getByText(NOTICE)).toBeVisible();
  await server.start();
  await model.becomes('ready', 90_000);
  await expect(page.getByText(NOTICE)).toBeHidden();
});

test('an address that is not kept gets a page that says so, and leads on', async ({ server, device }) => {
  tolerateOffline(device);
  const page = await device.newPage();
  await page.goto(server.url);
  await expect.poll(() => storedShell(page)).toContain('/offline');
  await server.stop();
  for (const path of ['/nobody/nothing', '/nothing', '/a/b/c/d', `/${ANOTHER}`]) {
    await page.goto(`${server.url}${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('This page needs the network');
  }
  await page.getByRole('link', { name: 'All models' }).click();
  await expect(page).toHaveURL(`${server.url}/`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Models');
  await page.goto(`${server.url}/${ANOTHER}`);
  await server.start();
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('model');
  await expect(page.getByTestId('download')).toHaveAttribute('data-state', 'absent');
});

test('a model that became ready without its page is there without the network', async ({ server, device }) => {
  tolerateOffline(device);
  const page = await device.newPage();
  await page.goto(server.url);
  await expect.poll(() => storedShell(page)).toContain('/');
  await page.evaluate((id) => import('/modelferry.js' as string).then(({ download }) => download(id)), ANOTHER);
  await expect.poll(() => storedShell(page)).toContain(`/${ANOTHER}`);
  await server.stop();
  const model = await ModelPage.open(page, server, ANOTHER);
  await model.becomes('ready');
});

test('what is missing of the shell is there again after the next visit', async ({ server, device }) => {
  const page = await device.newPage();
  await page.goto(server.url);
  await expect.poll(() => storedShell(page)).toContain('/offline');
  const before = await storedShell(page);
  for (const path of ['/offline', before.find((path) => path.endsWith('.wasm'))!]) {
    expect(await removeFromShell(page, path)).toBe(true);
  }
  await page.reload();
  await expect.poll(() => storedShell(page)).toEqual(before);
});

test('a page that the network does not bring in time, or a gateway refuses, is the kept one', async ({ faultProxy, device }) => {
  tolerateOffline(device);
  const page = await device.newPage();
  await page.goto(faultProxy.url);
  await expect.poll(() => storedShell(page)).toContain('/');
  for (const status of [502, 503, 504]) {
    await faultProxy.rules([{ status, body: 'from a gateway' }]);
    await page.reload();
    await expect(page.getByRole('heading', { level: 1 }), String(status)).toHaveText('Models');
    await expect(page.getByText(NOTICE)).toBeVisible();
  }
  // What the server itself says is shown, be it an error.
  await faultProxy.rules([{ status: 500, body: 'from the server', headers: { 'content-type': 'text/plain' } }]);
  await page.reload();
  await expect(page.locator('body')).toHaveText('from the server');
  await faultProxy.rules([{ delay_ms: 60_000 }]);
  const asked = Date.now();
  await page.goto(faultProxy.url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Models');
  expect(Date.now() - asked, 'ms').toBeLessThan(20_000);
  await faultProxy.rules([]);
  await page.reload();
  await expect(page.getByText(NOTICE)).toBeHidden();
});

test('a server that answers is there, whatever something between makes of its answer', async ({ faultProxy, device }) => {
  tolerateOffline(device);
  const page = await device.newPage();
  const looks = { path: '/service-worker.js', method: 'HEAD' };
  for (const fault of [{ drop_headers: ['etag'] }, { status: 404, body: '' }]) {
    await faultProxy.rules([{ ...looks, ...fault }]);
    const since = await faultProxy.mark();
    await page.goto(faultProxy.url);
    await expect.poll(async () => (await faultProxy.log(since)).filter(({ method }) => method === 'HEAD').length).toBe(1);
    await new Promise((over) => setTimeout(over, 1_000));
    await expect(page.getByText(NOTICE)).toBeHidden();
  }
});

test('pages of this origin that are not ours are not kept', async ({ faultProxy, device }) => {
  tolerateOffline(device);
  const theirs = { status: 200, body: '<!doctype html><title>Theirs</title><link rel="icon" href="data:,">Hello, Ada' };
  const html = { 'content-type': 'text/html' };
  await faultProxy.rules([
    { ...theirs, path: '/account', headers: { ...html, 'cache-control': 'no-store, private' } },
    { ...theirs, path: '/shop', headers: html },
  ]);
  const page = await device.newPage();
  await page.goto(faultProxy.url);
  await expect.poll(() => storedShell(page)).toContain('/offline');
  for (const path of ['/account', '/shop', `/${MODEL}`]) await page.goto(faultProxy.url + path);
  await expect.poll(() => storedShell(page)).toContain(`/${MODEL}`);
  await faultProxy.down();
  for (const path of ['/account', '/shop']) {
    await page.goto(faultProxy.url + path);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('This page needs the network');
  }
});

test('the worker keeps its hands off models, and off what is the server’s alone', async ({ server, device }) => {
  tolerateOffline(device);
  const witness = await bystander(server, device);
  const page = await device.newPage();
  await page.goto(server.url);
  await expect.poll(() => storedShell(page)).toContain('/offline');
  const { files } = await server.manifest();
  const paths = ['/healthz', '/service-worker.js', '/api/models', `/pieces/${files[0]!.pieces[0]}`];
  const fetched = (path: string) => page.evaluate((path) => fetch(path).then((answer) => answer.status, () => 'failed'), path);
  for (const path of paths) expect(await fetched(path), path).toBe(200);
  await server.stop();
  for (const path of paths) expect(await fetched(`${path}?again`), path).toBe('failed');
  const kept = await storedShell(witness);
  expect(kept.filter((path) => paths.includes(path))).toEqual([]);
});
