// Row 12 of docs/FAULTS.md: the computer has no network. Each test runs in a network of its own, see harness/netns.ts.
import { faultRow } from '../harness/fault-row.ts';
import { slow, tolerateFailures } from '../harness/faults.ts';
import { inside, link, runInside } from '../harness/netns.ts';
import { expect, type FaultProxy, type ModelPage, test } from '../harness/test.ts';

const FAULT = 'offline in the middle';

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

if (inside) {
  faultRow(12, FAULT, { full: true, timeout: 180_000 }, async ({ proxy, device, engine, row }) => {
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
} else {
  for (const engine of ['background', 'page']) {
    // Inside it has the same title.
    const title = `faults 12 (${engine}): ${FAULT} @full`;
    // eslint-disable-next-line no-empty-pattern -- Playwright wants it
    test(title, ({}, info) => {
      test.setTimeout(200_000);
      runInside(title, info.outputPath('inside'), 190_000);
    });
  }
}
