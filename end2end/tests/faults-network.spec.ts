// Rows 1, 2 and 4 of docs/FAULTS.md: what the network does to a download.
import { Clock } from '../harness/clock.ts';
import { faultRow, WASTE } from '../harness/fault-row.ts';
import { lasts, slow, tolerateFailures } from '../harness/faults.ts';
import { expect, PIECE, until } from '../harness/test.ts';

/** Of one answer, in bytes a second: slow enough to do something in the middle. */
const SLOW = { path: '/pieces/', bytes_per_second: 1_500_000 };

/** What goes on at that byte costs so little with either engine, for each cut. */
const KEPT = WASTE.page;

/** How much of a piece comes before the stall, in bytes. */
const STALLED_AT = 1_000_000;

// ---- row 1 ----

faultRow(1, 'connection closed at a byte of a piece, once', {}, async ({ proxy, device, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  // Slowly, since what has come but was not handed to the page yet is lost with the connection.
  await proxy.rules([{ name: 'cut', path: `/pieces/${piece}`, times: 1, cut_at: 1_234_567 }, SLOW]);
  const model = await row.begin();
  await row.struck('cut');
  await row.tell(model);
  await row.endsReady(model, { clicks: 0, waste: KEPT });
});

faultRow(1, 'connection closed inside a piece, ten times', { engines: ['background'], full: true }, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  // On a line where the page looks at the bytes as they come.
  const line = slow(engine);
  await proxy.rules([{ ...line, name: 'cut', path: `/pieces/${piece}`, times: 10, cut_at: 765_432 }, line]);
  const model = await row.begin();
  await row.struck('cut', 10);
  await row.tell(model);
  await row.endsReady(model, { faults: 10, clicks: 0, waste: 10 * KEPT });
});

// ---- row 2 ----

faultRow(2, 'server gone for 2 s', {}, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  // The other pieces are there before: when two requests of a fetch are cut at once, Chromium may pause it for minutes.
  await proxy.rules([{ path: `/pieces/${piece}`, bytes_per_second: 500_000 }, SLOW]);
  const model = await row.begin();
  await until('all but one piece to be there', async () => (await model.kept()) === (await model.total()) - PIECE);
  await proxy.down();
  await lasts(2);
  await row.tell(model);
  await proxy.up();
  await row.endsReady(model, { clicks: 0 });
  const cut = (await proxy.log()).filter((request) => request.ended === 'cut');
  if (engine === 'background') expect(cut.length, 'requests cut').toBe(1);
});

faultRow(2, 'server gone until the browser gives up', { engines: ['background'], full: true, timeout: 480_000 }, async ({ proxy, device, row }) => {
  tolerateFailures(device);
  device.tolerate(/was refused/);
  await proxy.rules([SLOW]);
  const model = await row.begin();
  await model.isPast(0.4);
  await proxy.down();
  // Then the page tries, in vain too.
  const taken = model.section.filter({ hasText: 'This page tries again by itself' });
  await expect(taken, 'the page goes on').toBeVisible({ timeout: 400_000 });
  await row.tell(model);
  expect(await model.kept()).toBeLessThan(await model.total());
  await proxy.up();
  await row.endsReady(model, { timeout: 120_000, clicks: 0 });
});

// ---- row 4 ----
// The page waits half a minute and more before it calls that a stall: its clock is set forward once nothing but the stalled
// request is under way.

faultRow(4, 'a stalled connection (clock set forward)', { engines: ['page'], timeout: 180_000 }, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  // On a line where the page looks at the bytes as they come.
  const line = slow(engine);
  await proxy.rules([{ ...line, name: 'stall', path: `/pieces/${piece}`, times: 1, stall_at: STALLED_AT }, line]);
  const tab = await row.blank();
  const clock = await Clock.of(tab);
  const model = await row.open(tab);
  await model.click('Download');
  await onlyStalled(proxy);
  await row.tell(model);
  await clock.fastForward(31_000);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(4, 'a stalled connection (clock set forward)', { engines: ['background'], timeout: 240_000 }, async ({ proxy, row }) => {
  const [, piece] = await row.pieces();
  await proxy.rules([{ name: 'stall', path: `/pieces/${piece}`, times: 1, stall_at: STALLED_AT }]);
  const tab = await row.blank();
  const clock = await Clock.of(tab);
  const model = await row.open(tab);
  await model.click('Download');
  await onlyStalled(proxy);
  // What has come is told late, and to the page that is movement: it would wait anew.
  await until('the page to know all that has come', async () => {
    const [shown, kept, total] = await Promise.all([model.shown(), model.kept(), model.total()]);
    return kept === total - PIECE && shown === kept + STALLED_AT;
  });
  await clock.fastForward(46_000);
  await expect(model.button('Go on in this page')).toBeVisible({ timeout: 90_000 });
  await row.tell(model);
  await row.click(model, 'Go on in this page');
  await row.endsReady(model);
});

/** Waits until the stalled request is the only one under way. */
async function onlyStalled(proxy: Parameters<Parameters<typeof faultRow>[3]>[0]['proxy']): Promise<void> {
  await until('all but the stalled request to be done', async () => {
    const open = (await proxy.log()).filter((request) => request.ended === 'open');
    return open.length === 1 && open[0]!.faults.includes('stall') && open[0]!.bytes === STALLED_AT;
  });
}
