// Row 13 of docs/FAULTS.md: no room, by the browser's word or on the disk itself.
import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../harness/fault-row.ts';
import { largePieces, Quota, slow } from '../harness/faults.ts';
import { bystander, expect, type Device, type ModelPage, PIECE, storedPieces, test, until } from '../harness/test.ts';

/** What page, worker and browser say when something cannot be stored. */
function tolerateNoRoom(device: Device): void {
  device.tolerate(/did not start a background fetch|no room left|QuotaExceeded|could not be (stored|prepared)|was refused|a part|Failed to load resource/);
}

/**
 * Chromium says that there is no room only when a piece is stored. Until then the page's other connections go on: lost is what is
 * in memory, which is the piece that found no room, one that came whole beside it, and what had come of a third.
 */
const LOST = { background: 2 * PIECE, page: 3 * PIECE };

/** It rests, and says why. */
async function saysNoRoom(model: ModelPage): Promise<void> {
  await model.becomes('interrupted', 90_000);
  await expect(model.section.locator('.explanation')).toContainText('no room left on this device');
}

// With Background Fetch too: the browser refuses its start, and the page downloads.
faultRow(13, 'quota too small at the start', {}, async ({ proxy, device, engine, row }) => {
  tolerateNoRoom(device);
  // Chromium does not tell of a quota that is this small. On the fastest lines, the page asks for several pieces at once.
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  const quota = await Quota.of(model.page);
  await quota.set((await quota.used()) + PIECE / 2);
  await model.click('Download');
  await saysNoRoom(model);
  await row.tell(model);
  await quota.set();
  await proxy.rules([]);
  await row.click(model, 'Resume');
  await row.endsReady(model, { waste: LOST.page });
  expect(await proxy.pieceBytes()).toBeGreaterThan(0);
});

faultRow(13, 'quota enough for two copies only', { engines: ['background'] }, async ({ proxy, device, engine, row }) => {
  tolerateNoRoom(device);
  // Chromium's estimate says nothing of the quota that is set here. One copy is the browser's own, which it keeps for days.
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  const quota = await Quota.of(model.page);
  await quota.set((await quota.used()) + 2.2 * (await model.total()));
  await model.click('Download');
  await model.isPast(0.2);
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(13, 'an estimate of room for one copy only', { engines: ['background'] }, async ({ proxy, engine, row }) => {
  await proxy.rules([slow(engine)]);
  const tab = await row.blank();
  await tab.addInitScript(() => {
    navigator.storage.estimate = () => Promise.resolve({ quota: 50_000_000, usage: 10_000_000 });
  });
  const model = await row.open(tab);
  await model.click('Download');
  await model.isPast(0.2);
  await expect(model.section).toHaveAttribute('data-engine', 'page');
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(13, 'quota exhausted in the middle', {}, async ({ proxy, device, engine, row }) => {
  tolerateNoRoom(device);
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  const quota = await Quota.of(model.page);
  await model.click('Download');
  await model.keeps(0.9 * PIECE);
  await quota.set((await quota.used()) + 1_000_000);
  await saysNoRoom(model);
  await row.tell(model);
  await quota.set();
  await proxy.rules([]);
  await row.click(model, 'Resume');
  await row.endsReady(model, { waste: LOST[engine] });
});

faultRow(13, 'quota exhausted at admission', { engines: ['background'] }, async ({ proxy, device, engine, row }) => {
  tolerateNoRoom(device);
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  const quota = await Quota.of(model.page);
  await model.click('Download');
  await model.isPast(0.1);
  // The browser's own copy of the first piece fits, ours does not.
  await quota.set((await quota.used()) + 1.5 * PIECE);
  await saysNoRoom(model);
  await row.tell(model);
  await quota.set();
  await proxy.rules([]);
  await row.click(model, 'Resume');
  await row.endsReady(model, { faults: 2 });
});

test.describe(() => {
  test.use({ kind: { disk: 1_000 } });

  /** Leaves so many bytes on the disk. */
  function fill(device: Device, leave: number): void {
    const { bavail, bsize } = statfsSync(device.profile);
    const chunk = new Uint8Array(1 << 20);
    const path = join(device.profile, 'ballast');
    const chunks = Math.max(0, Math.floor((bavail * bsize - leave) / chunk.length));
    try {
      for (let n = 0; n < chunks; n++) writeFileSync(path, chunk, { flag: 'a' });
    } catch (error) {
      // The browser was faster with the rest.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  function makeRoom(device: Device): void {
    const path = join(device.profile, 'ballast');
    if (!existsSync(path)) throw new Error('the disk was never full');
    rmSync(path);
  }

  faultRow(13, 'the disk full in the middle', { engines: ['page'] }, async ({ proxy, device, engine, row }) => {
    tolerateNoRoom(device);
    device.tolerate(/storage|store|UnknownError|Unexpected|network error|a request failed/i);
    await proxy.rules([slow(engine)]);
    const model = await row.open();
    await model.click('Download');
    await model.isPast(0.3);
    fill(device, 2_000_000);
    await model.becomes('interrupted', 150_000);
    await row.tell(model);
    makeRoom(device);
    await proxy.rules([]);
    await row.click(model, 'Resume');
    await row.endsReady(model, { waste: LOST[engine] });
  });

  // What Chromium does differs from run to run: its background fetch fails, or the page has taken over and finds no room, or it
  // removes all that the site has stored and makes room by that, or it ends itself. The person gets room, starts the browser again
  // if need be, and presses what the page offers.
  faultRow(13, 'the disk full in the middle', { engines: ['background'], timeout: 480_000 }, async ({ proxy, device, engine, row }) => {
    tolerateNoRoom(device);
    device.tolerate(/storage|store|UnknownError|Unexpected|network error|a request failed|AbortError|InvalidStateError/i);
    await proxy.rules([slow(engine)]);
    let model = await row.open();
    await model.click('Download');
    await largePieces(await bystander(proxy, device));
    fill(device, 2_000_000);
    const settled = async () => device.ended || /interrupted|absent|ready/.test((await model.state()) ?? '');
    await until('the download to rest, or the browser to end', settled, { timeout: 300_000 });
    makeRoom(device);
    await proxy.rules([]);
    if (device.ended) {
      await device.kill();
      await device.launch();
      model = await row.open();
    }
    await row.tell(model);
    // It may say what was true before the browser removed everything.
    await model.reload();
    await expect(model.section).toHaveAttribute('data-state', /^(ready|interrupted|absent)$/, { timeout: 120_000 });
    const kept = await storedPieces(model.page);
    const mark = await proxy.mark();
    if ((await model.state()) === 'absent') await row.click(model, 'Download');
    // All of it again at most, and what was on its way.
    await row.endsReady(model, { waste: (await model.total()) + LOST[engine], timeout: 120_000 });
    const asked = (await proxy.log(mark)).map((request) => request.path.replace('/pieces/', ''));
    expect(asked.filter((digest) => kept.includes(digest)), 'pieces fetched again').toEqual([]);
  });
});
