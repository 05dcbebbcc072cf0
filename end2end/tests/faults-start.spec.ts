// Row 11 of docs/FAULTS.md: the browser does not start a background fetch, or does not go on with it.
import type { Page } from '@playwright/test';
import { Clock } from '../harness/clock.ts';
import { faultRow } from '../harness/fault-row.ts';
import { lasts, slow } from '../harness/faults.ts';
import { bystander, type Device, expect, ModelPage, test, until } from '../harness/test.ts';

const engines: ['background'] = ['background'];

function tolerateRefusal(device: Device): void {
  device.tolerate(/did not start a background fetch/);
}

/** From now on the browser says no to every background fetch of this page. */
async function refuse(page: Page, name: string): Promise<void> {
  await page.addInitScript((name) => {
    BackgroundFetchManager.prototype.fetch = () => Promise.reject(new DOMException('as in the test', name));
  }, name);
}

declare const BackgroundFetchManager: { prototype: { fetch(...args: unknown[]): Promise<unknown> } };

// Which gives a `TypeError` (Service Workers, the Update algorithm), unlike a browser that does not allow any.
faultRow(11, 'the worker cannot be had', {}, async ({ proxy, device, row }) => {
  device.tolerate(/could not be registered|Failed to load resource|A bad HTTP response code/);
  await proxy.rules([{ name: 'worker', path: '/service-worker.js', status: 503 }]);
  const model = await row.open();
  await row.struck('worker');
  await model.becomes('interrupted');
  await row.tell(model);
  // Not tried without a click.
  const tries = async () => (await proxy.used())[0]!.used;
  await lasts(1);
  const before = await tries();
  await lasts(3);
  expect(await tries()).toBe(before);
  // In vain, and it is offered again.
  await model.click('Resume');
  await row.struck('worker', before + 1);
  await model.becomes('interrupted');
  await proxy.rules([]);
  await row.click(model, 'Resume');
  await row.endsReady(model);
});

for (const name of ['NotAllowedError', 'QuotaExceededError']) {
  faultRow(11, `the start refused with ${name}`, { engines }, async ({ proxy, device, engine, row }) => {
    tolerateRefusal(device);
    await proxy.rules([slow(engine)]);
    const page = await row.blank();
    await refuse(page, name);
    const model = await ModelPage.open(page, proxy);
    await model.click('Download');
    await model.isPast(0.2);
    await row.tell(model);
    await row.endsReady(model, { clicks: 0 });
  });
}

test.describe(() => {
  // The browser's own rules: it denies the second start without a click, and then all starts of that tab.
  test.use({ kind: { strict: true } });

  faultRow(11, 'no permission, by the browser itself', { engines, full: true }, async ({ proxy, device, engine, row }) => {
    tolerateRefusal(device);
    const model = await row.open();
    const refusal = await model.page.evaluate(async () => {
      const registration = (await navigator.serviceWorker.ready) as unknown as {
        backgroundFetch: { fetch(id: string, url: string): Promise<unknown> };
      };
      for (let n = 0; n < 3; n++) {
        try {
          await registration.backgroundFetch.fetch(`another-${n}`, `/healthz?${n}`);
        } catch (error) {
          return String(error);
        }
      }
      return 'none';
    });
    expect(refusal).toContain('permission');
    device.tolerate(/background fetch that is not ours/);
    await proxy.rules([slow(engine)]);
    await model.click('Download');
    await model.isPast(0.2);
    await row.tell(model);
    await row.endsReady(model, { clicks: 0 });
  });
});

faultRow(11, 'too many fetches of this site', { engines, full: true }, async ({ proxy, device, engine, row }) => {
  tolerateRefusal(device);
  device.tolerate(/background fetch that is not ours/);
  const model = await row.open();
  const witness = await bystander(proxy, device);
  await proxy.rules([{ path: '/healthz', stall_at: 0 }, slow(engine)]);
  await witness.evaluate(async () => {
    const registration = (await navigator.serviceWorker.getRegistration('/')) as unknown as {
      backgroundFetch: { fetch(id: string, url: string): Promise<unknown> };
    };
    for (let n = 0; n < 5; n++) await registration.backgroundFetch.fetch(`another-${n}`, `/healthz?${n}`);
  });
  await model.click('Download');
  await model.isPast(0.2);
  await row.tell(model);
  await proxy.rules([slow(engine)]);
  await row.endsReady(model, { clicks: 0 });
});

// After 20 s the page takes over: its clock is set forward.
faultRow(11, 'Background Fetch stuck at 0 bytes (clock set forward)', { engines }, async ({ proxy, row }) => {
  const pieces = await row.pieces();
  await proxy.rules(pieces.map((piece) => ({ path: `/pieces/${piece}`, ranged: false, times: 1, stall_at: 0 })));
  const tab = await row.blank();
  const clock = await Clock.of(tab);
  const model = await row.open(tab);
  await model.click('Download');
  const asked = async () => (await proxy.log()).filter((request) => pieces.some((piece) => request.path.endsWith(piece)));
  await until('the browser to ask', async () => (await asked()).length > 0 || undefined);
  await clock.goes(21_000);
  await until('the page to take over', async () => (await asked()).some((request) => request.ended === 'client-gone') || undefined);
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(11, 'left paused by the browser', { engines, full: true, timeout: 240_000 }, async ({ proxy, engine, row }) => {
  // What our server never says: a download that can be resumed is paused for 30 s by every navigation.
  await proxy.rules([{ ...slow(engine), set_headers: { 'accept-ranges': 'bytes' } }]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.2);
  await model.page.evaluate(() => {
    let step = 0;
    const move = () => history.pushState(null, '', `#${++step}`);
    move();
    setInterval(move, 5_000);
  });
  await expect(model.button('Go on in this page')).toBeVisible({ timeout: 90_000 });
  await row.tell(model);
  await row.click(model, 'Go on in this page');
  await row.endsReady(model);
});
