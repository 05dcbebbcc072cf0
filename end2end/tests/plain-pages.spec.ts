// What is there without JavaScript, and without a secure context.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REAL } from '../harness/models.ts';
import { storedShell } from '../harness/shell.ts';
import { expect, MODEL, ModelPage, test, until } from '../harness/test.ts';

test.describe(() => {
  test.use({ payload: REAL });

  test('without JavaScript there are the catalogue, the size, the licence and the files', async ({ server, device }) => {
    const context = await device.browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(server.url);
    await page.getByRole('link', { name: REAL.id }).click();
    await expect(page).toHaveURL(`${server.url}/${REAL.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toContainText('all-MiniLM-L6-v2');
    await expect(page.locator('body')).toContainText(/9[12](\.\d+)? MB/);
    await expect(page.locator('body')).toContainText(/apache-2\.0/i);

    const manifest = await server.manifest();
    for (const file of manifest.files) {
      const link = page.locator(`a[href="/${REAL.id}/resolve/${manifest.revision}/${file.path}"]`);
      await expect(link, file.path).toHaveCount(1);
    }
    const answer = await fetch(`${server.url}/${REAL.id}/resolve/${manifest.revision}/config.json`);
    expect(answer.status).toBe(200);
    await context.close();
  });
});

test('what cannot be offered is listed by name, with the reason', async ({ server, device }) => {
  // While it runs: the harness waits at a start for every folder that looks like a model.
  writeFileSync(join(server.models, 'stray.bin'), 'of no model');
  server.addFile('api/some-model', 'config.json', '{}');
  const expected = [
    ['api', 'the owner name "api" is reserved: the server uses the path /api itself'],
    ['stray.bin', 'this file belongs to no model: files are expected in <owner>/<name>/'],
  ];
  const context = await device.browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const problems = page.locator('section.problems').getByRole('listitem');
  // The server looks at its folder every few seconds.
  await until('both problems to be listed', async () => {
    await page.goto(server.url);
    return (await problems.count()) === expected.length;
  });
  await expect(page.getByRole('heading', { name: 'Cannot be offered' })).toBeVisible();
  for (const [number, [name, reason]] of expected.entries()) {
    await expect(problems.nth(number).locator('code')).toHaveText(name!);
    await expect(problems.nth(number)).toContainText(reason!);
  }
  await expect(page.getByRole('link', { name: MODEL }), 'the rest works').toBeVisible();
  await context.close();
});

test.describe('plain HTTP on another host than this one', () => {
  test.use({ flags: ['--host-resolver-rules=MAP modelferry.test 127.0.0.1', '--disable-features=HttpsUpgrades'] });

  test('the page says in one sentence why it cannot keep models, and offers the files', async ({ server, device }) => {
    const page = await device.newPage();
    // A field for isolation would be a warning here, and fail the test.
    await page.goto(`http://modelferry.test:${server.port}/${MODEL}`);
    expect(await page.evaluate(() => [isSecureContext, crossOriginIsolated])).toEqual([false, false]);
    const model = new ModelPage(page);
    await model.becomes('unsupported');
    await expect(model.status).toHaveText(/HTTPS|secure/i);
    await expect(model.button('Download')).toHaveCount(0);
    await expect(page.locator(`a[href*="/resolve/"]`)).toHaveCount((await server.manifest()).files.length);
  });
});

test('a page is isolated from other origins, and is not sent again while it says the same', async ({ server, device }) => {
  const page = await device.newPage();
  const opened = await page.goto(`${server.url}/${MODEL}`);
  expect(opened!.status()).toBe(200);
  const model = new ModelPage(page);
  await model.becomes('absent');
  expect(await page.evaluate(() => [crossOriginIsolated, new SharedArrayBuffer(8).byteLength])).toEqual([true, 8]);

  // The worker asks for the page as well, once, to keep it.
  await until('the worker to have the page', async () => (await storedShell(page)).includes(`/${MODEL}`));
  const mark = server.mark();
  await page.reload();
  // The page that the browser kept runs under the policy that came with it.
  await model.becomes('absent');
  await until('the page to be asked about', async () => server.log(mark).some(({ path }) => path === `/${MODEL}`));
  expect(server.log(mark).filter(({ path }) => path === `/${MODEL}`).map(({ status }) => status)).toEqual([304]);
  await model.click('Download');
  await model.becomes('ready');
});

test('a page runs and loads nothing but its own', async ({ server, device }) => {
  device.tolerate(/Content Security Policy/);
  const model = await ModelPage.open(await device.newPage(), server);
  const response = await fetch(model.page.url());
  expect(response.headers.get('content-security-policy')).not.toContain('unsafe-inline');
  expect(response.headers.get('referrer-policy')).toBe('same-origin');
  const ran = await model.page.evaluate(async (elsewhere) => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.ran = true">');
    const reached = await fetch(elsewhere, { mode: 'no-cors' }).then(() => true, () => false);
    await new Promise((over) => setTimeout(over, 100));
    return [Boolean((window as unknown as { ran?: boolean }).ran), reached];
  }, server.url.replace('127.0.0.1', 'localhost'));
  expect(ran).toEqual([false, false]);

  // And yet it works.
  await model.click('Download');
  await model.becomes('ready');
});
