// Rows 10, 14, 15 and 17 of docs/FAULTS.md: what tabs, the user and other versions of ours do to a download.
import type { Page } from '@playwright/test';
import { Clock } from '../harness/clock.ts';
import { faultRow, WASTE } from '../harness/fault-row.ts';
import { renewWorker, slow, thin, tolerateFailures } from '../harness/faults.ts';
import { bystander, type Device, expect, ModelPage, PIECE, until } from '../harness/test.ts';

/** Presses a button without bringing the tab to the front: both tabs can be asked at once. */
function press(model: ModelPage, name: string): Promise<void> {
  // Only if it still says so: with the other tab's download it becomes Cancel.
  return model.button(name).evaluate((button: HTMLButtonElement, name) => {
    if (button.textContent?.trim() === name) button.click();
  }, name);
}

/** What is written to the console when the store of a page fails while it writes to it. */
function tolerateTheStore(device: Device): void {
  device.tolerate(/did not start a background fetch|could not be (removed|read|stored|saved)|fetching cannot begin|a piece was refused/);
}

// ---- row 10 ----

faultRow(10, 'two tabs click Download at once', {}, async ({ proxy, device, engine, row }) => {
  await proxy.rules([slow(engine)]);
  const [one, other] = [await row.open(), await row.open()];
  // The one that comes second may be told so by the browser.
  device.tolerate(/did not start a background fetch/);
  await Promise.all([press(one, 'Download'), press(other, 'Download')]);
  await one.isPast(0.3);
  await other.isPast(0.2);
  await row.tell(one);
  await row.tell(other);
  await row.endsReady(one, { clicks: 0 });
  await other.becomes('ready');
});

// As in the browser's own list of downloads, which no test can press.
faultRow(10, 'two tabs click Download at once, and the browser is told to stop', { engines: ['background'] }, async ({ proxy, device, engine, row }) => {
  const [, piece] = await row.pieces();
  // It must not be over before the browser is told, however busy the machine is: the end of one piece does not come.
  await proxy.rules([{ ...slow(engine), path: `/pieces/${piece}`, times: 1, stall_at: PIECE - 4096 }, slow(engine)]);
  const [one, other] = [await row.open(), await row.open()];
  device.tolerate(/did not start a background fetch/);
  await Promise.all([press(one, 'Download'), press(other, 'Download')]);
  await one.isPast(0.3);
  await other.isPast(0.3);
  const witness = await bystander(proxy, device);
  await witness.evaluate(async () => {
    const { backgroundFetch } = (await navigator.serviceWorker.getRegistration('/')) as unknown as {
      backgroundFetch: { getIds(): Promise<string[]>; get(id: string): Promise<{ abort(): Promise<boolean> } | undefined> };
    };
    for (const id of await backgroundFetch.getIds()) await (await backgroundFetch.get(id))?.abort();
  });
  await one.becomes('interrupted');
  await other.becomes('interrupted');
  await row.tell(one);
  await expect(one.section).toContainText('This download was stopped.');
  // Nor does a page that is opened later begin it by itself.
  const mark = await proxy.mark();
  const later = await row.open();
  await later.becomes('interrupted');
  await expect(later.section).toContainText('This download was stopped.');
  expect((await proxy.log(mark)).filter((request) => request.path.startsWith('/pieces/'))).toEqual([]);
  await row.click(one, 'Resume');
  await row.endsReady(one);
});

faultRow(10, 'Cancel in the other tab', { engines: ['background'] }, async ({ proxy, engine, row }) => {
  await proxy.rules([thin(engine)]);
  const one = await row.open();
  await one.click('Download');
  await one.isPast(0.2);
  const other = await row.open();
  await other.isPast(0.25);
  await other.click('Cancel');
  await other.becomes('interrupted');
  await one.becomes('interrupted');
  await row.tell(one);
  await row.click(one, 'Resume');
  await row.endsReady(one);
  await other.becomes('ready');
});

faultRow(10, 'a tab with Background Fetch beside one that downloads itself', { engines: ['page'] }, async ({ proxy, device, engine, row }) => {
  await proxy.rules([thin(engine)]);
  const one = await row.open();
  await one.click('Download');
  await one.isPast(0.2);
  const page = await device.newPage();
  await row.watch(page);
  const other = await row.open(page);
  await expect(other.section).toContainText('Another tab downloads this model.');
  await row.tell(other);
  await other.isPast(0.3);
  await one.page.close();
  // It goes on with what that one began, and does not begin anew in the background.
  await other.isPast(0.5);
  await expect(other.section).toHaveAttribute('data-engine', 'page');
  await row.tell(other);
  // What a closed tab costs is row 7's: here nothing comes twice.
  await row.endsReady(other, { clicks: 0, waste: 1 << 20 });
});

// ---- row 14 ----

// Nobody tells the page: it looks again by itself, every 15 s. Its clock is set forward.
faultRow(14, 'pieces removed behind our back when ready (clock set forward)', {}, async ({ server, proxy, device, row }) => {
  const tab = await row.blank();
  const clock = await Clock.of(tab);
  const model = await row.open(tab);
  await model.click('Download');
  await model.becomes('ready');
  const whole = await proxy.pieceBytes();
  const witness = await bystander(proxy, device);
  const { files } = await server.manifest();
  const weights = files.find((file) => file.path === 'model.safetensors')!;
  await witness.evaluate(async (digest) => {
    await (await caches.open('modelferry-pieces-1')).delete(`/pieces/${digest}`);
  }, weights.pieces[1]!);
  await clock.goes(20_000);
  await model.becomes('interrupted');
  await row.tell(model);
  await row.click(model, 'Resume');
  // What was removed has to be fetched again, nothing else.
  await row.endsReady(model, { waste: PIECE });
  expect(await proxy.pieceBytes()).toBeGreaterThan(whole);
});

faultRow(14, 'site data cleared by the user when ready', { engines: ['background'], full: true }, async ({ proxy, device, engine, row }) => {
  // Its own objects in the browser are gone too, and the store while it is written to.
  device.tolerate(/did not start a background fetch|could not be (removed|read|stored|saved)/);
  const model = await row.open();
  await model.click('Download');
  await model.becomes('ready');
  const session = await model.page.context().newCDPSession(model.page);
  await session.send('Storage.clearDataForOrigin', { origin: new URL(proxy.url).origin, storageTypes: 'all' });
  await model.becomes('absent');
  await row.tell(model);
  await row.click(model, 'Download');
  // All of it again, and what the fault itself may cost.
  await row.endsReady(model, { waste: (await model.total()) + WASTE[engine], clicks: 2 });
});

// In about every third run Chromium answers nothing any more that the page asks of its caches. The page waits a minute for
// it; then its button loads it again.
faultRow(14, 'all site data cleared by the user in the middle', { full: true, timeout: 300_000, kind: { own: true } }, async ({ proxy, device, engine, row }) => {
  tolerateTheStore(device);
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.keeps(PIECE);
  const session = await model.page.context().newCDPSession(model.page);
  await session.send('Storage.clearDataForOrigin', { origin: new URL(proxy.url).origin, storageTypes: 'all' });
  await expect(model.section).toHaveAttribute('data-state', /^(absent|interrupted)$/, { timeout: 120_000 });
  await row.tell(model);
  await row.click(model, (await model.state()) === 'absent' ? 'Download' : 'Resume');
  await row.endsReady(model, { waste: (await model.total()) + (PIECE) });
});

// The same made to happen, without the waiting.
faultRow(14, 'the caches answer the page nothing any more (clock set forward)', { full: ['background'], timeout: 180_000 }, async ({ proxy, device, engine, row }) => {
  tolerateTheStore(device);
  await proxy.rules([slow(engine)]);
  const tab = await row.blank();
  const clock = await Clock.of(tab);
  const model = await row.open(tab);
  await model.click('Download');
  await model.keeps(PIECE);
  const asked = await tab.evaluateHandle(() => {
    const asked = { count: 0 };
    const unanswered = () => (asked.count++, new Promise(() => undefined));
    for (const name of ['open', 'match', 'has', 'keys', 'delete']) Object.defineProperty(caches, name, { value: unanswered });
    return asked;
  });
  // The browser's engine asks for something when it is done, which is too late to set the clock before.
  await until('the page to ask its caches', async () => (await asked.evaluate(({ count }) => count)) > 0 || undefined);
  await expect(async () => {
    await clock.fastForward(10_001);
    expect(await model.state()).not.toBe('fetching');
  }).toPass({ timeout: 60_000 });
  await row.tell(model);
  // What was in memory only, or being stored, is lost.
  await row.endsReady(model, { waste: 2 * PIECE });
});

// ---- row 15 ----

/** The page says every fifth of a second that it is somewhere else, as single-page applications do. */
function wander(page: Page): Promise<void> {
  return page.evaluate(() => {
    let step = 0;
    setInterval(() => history.pushState(null, '', `#${++step}`), 200);
  });
}

faultRow(15, 'history.pushState all the time', {}, async ({ proxy, engine, row }) => {
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await wander(model.page);
  // A browser that waits for the end of navigation would never go on.
  await row.endsReady(model, { clicks: 0, timeout: 60_000 });
  await row.tell(model);
});

// Ten navigations a second: now and then one meets the moment in which the browser begins a piece, which then waits until there
// are none for 30 s.
faultRow(15, 'navigation in another tab all the time', { engines: ['background'], full: true, timeout: 240_000 }, async ({ proxy, device, engine, row }) => {
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  const other = await device.newPage();
  await model.click('Download');
  device.tolerate(/favicon\.ico/);
  const goOn = model.button('Go on in this page');
  let visits = 0;
  while ((await model.state()) !== 'ready' && !(await goOn.isVisible())) await other.goto(`${proxy.url}/healthz?${++visits}`);
  await row.tell(model);
  if (await goOn.isVisible()) await row.click(model, 'Go on in this page');
  await row.endsReady(model);
});

faultRow(15, 'navigation in another tab every 5 s', { engines: ['background'], full: true, timeout: 300_000 }, async ({ proxy, device, row }) => {
  // A navigation may meet the beginning of each piece, which then waits for 30 s: 60 s of bytes, and as much again or twice.
  // For several of them during each piece.
  await proxy.rules([{ path: '/pieces/', bytes_per_second: 400_000 }]);
  const model = await row.open();
  const other = await device.newPage();
  device.tolerate(/favicon\.ico/);
  await model.click('Download');
  for (let visits = 1; (await model.state()) !== 'ready'; visits++) {
    await other.goto(`${proxy.url}/healthz?${visits}`);
    await until('5 s or the end', async () => (await model.state()) === 'ready' || undefined, { timeout: 5_000 }).catch(() => undefined);
  }
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(15, 'history.pushState all the time after a piece was resumed', { engines: ['background'], full: true, timeout: 240_000 }, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  const [piece] = await row.pieces();
  await proxy.rules([{ name: 'cut', path: `/pieces/${piece}`, times: 1, cut_at: 2 << 20 }, slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await row.struck('cut');
  await until('the piece to be resumed', async () =>
    (await proxy.log()).some((request) => request.path === `/pieces/${piece}` && request.range?.startsWith('bytes=2')) || undefined);
  await wander(model.page);
  // What was answered with 206 counts as a download that navigation pauses, whatever else the answer says.
  await expect(model.button('Go on in this page')).toBeVisible({ timeout: 120_000 });
  await row.tell(model);
  await row.click(model, 'Go on in this page');
  await row.endsReady(model, { timeout: 60_000, faults: 2 });
});

// ---- row 17 ----

const OTHER = { from: 'modelferry-2', to: 'modelferry-9' };

faultRow(17, 'a page of this version, a worker of another', {}, async ({ proxy, engine, row }) => {
  await proxy.rules([{ path: '/service-worker.js', replace: OTHER }, slow(engine)]);
  const script = await (await fetch(`${proxy.url}/service-worker.js`)).text();
  expect(script.includes(OTHER.from), 'the version of messages has changed: change it here').toBe(false);
  expect(script.includes(OTHER.to)).toBe(true);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.2);
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(17, 'an old page stays open while the site moves on', { engines: ['background'], full: true }, async ({ proxy, engine, row }) => {
  const old = await row.open();
  await proxy.rules([
    { name: 'pages', path: '/pkg/*.wasm', replace: OTHER, set_headers: { 'cache-control': 'no-store' } },
    { name: 'worker', path: '/service-worker.js', replace: OTHER },
    slow(engine),
  ]);
  await old.click('Download');
  await old.isPast(0.1);
  // What the browser has of the old version's files has the names of the new one's, since it is the same build.
  const session = await old.page.context().newCDPSession(old.page);
  await session.send('Network.clearBrowserCache');
  await old.page.evaluate(async () => {
    for (const name of await caches.keys()) if (name.startsWith('modelferry-shell-')) await caches.delete(name);
  });
  await renewWorker(old.page);
  const fresh = await row.open();
  await row.struck('worker');
  await row.struck('pages');
  await row.tell(old);
  await row.tell(fresh);
  await row.endsReady(old, { clicks: 0 });
  await fresh.becomes('ready');
});
