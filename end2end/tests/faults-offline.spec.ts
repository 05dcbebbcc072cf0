// Row 12 of docs/FAULTS.md: the computer has no network. Each test runs in a network of its own, see harness/netns.ts.
import { type EngineName, faultRow, type Rowed } from '../harness/fault-row.ts';
import { slow, tolerateFailures } from '../harness/faults.ts';
import { inside, link, runInside } from '../harness/netns.ts';
import { expect, type FaultProxy, type ModelPage, test } from '../harness/test.ts';

/** Declares the row inside, and outside a test that runs it there. */
function offlineRow(fault: string, body: (rowed: Rowed) => Promise<void>): void {
  if (inside) return faultRow(12, fault, { timeout: 180_000 }, body);
  for (const engine of ['background', 'page'] satisfies EngineName[]) {
    // Inside it has the same title.
    const title = `faults 12 (${engine}): ${fault} @full`;
    // eslint-disable-next-line no-empty-pattern -- Playwright wants it
    test(title, ({}, info) => {
      test.setTimeout(200_000);
      runInside(title, info.outputPath('inside'), 190_000);
    });
  }
}

/** The link goes, and what was under way on it: here the server is on the same computer, and would still answer. */
async function goOffline(proxy: FaultProxy, model: ModelPage): Promise<void> {
  link('down');
  await proxy.down();
  await expect.poll(() => model.page.evaluate(() => navigator.onLine)).toBe(false);
}

async function goOnline(proxy: FaultProxy): Promise<void> {
  await proxy.up();
  link('up');
}

offlineRow('offline before the start', async ({ proxy, device, row }) => {
  tolerateFailures(device);
  device.tolerate(/the manifest could not be fetched/);
  const model = await row.open();
  await goOffline(proxy, model);
  await model.click('Download');
  await expect(model.section.locator('.headline')).toHaveText('Waiting for the network');
  await row.tell(model);
  await goOnline(proxy);
  await row.endsReady(model, { clicks: 0 });
});

offlineRow('offline in the middle', async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.3);
  await goOffline(proxy, model);
  await expect(model.section.locator('.headline')).toHaveText('Waiting for the network');
  await row.tell(model);
  await goOnline(proxy);
  await row.endsReady(model, { clicks: 0 });
});
