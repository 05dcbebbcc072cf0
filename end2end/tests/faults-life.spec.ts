// Rows 7, 8, 9 and 16 of docs/FAULTS.md: tabs, browser, worker and computer come and go.
import { ENDED, faultRow } from '../harness/fault-row.ts';
import { largePieces, lasts, renewWorker, slow, stopWorkers, thin, tolerateFailures } from '../harness/faults.ts';
import { REAL } from '../harness/models.ts';
import { bystander, expect, storedPieces, until } from '../harness/test.ts';

// ---- row 7 ----

faultRow(7, 'tab closed and opened again', {}, async ({ proxy, engine, row }) => {
  await proxy.rules([thin(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.25);
  await model.page.close();
  const again = await row.open();
  await row.tell(again);
  await row.endsReady(again, { clicks: 0 });
});

faultRow(7, 'all tabs closed', { engines: ['background'] }, async ({ server, proxy, device, engine, row }) => {
  await proxy.rules([thin(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.25);
  // A window without a tab would end the browser, which is row 8.
  const witness = await bystander(proxy, device);
  for (const page of device.pages()) if (page !== witness) await page.close();
  // The worker ends it alone.
  const { files } = await server.manifest();
  const named = [...new Set(files.flatMap((file) => file.pieces))].sort();
  await expect.poll(() => storedPieces(witness), { timeout: 60_000 }).toEqual(named);
  const again = await row.open();
  await row.tell(again);
  await row.endsReady(again, { clicks: 0 });
});

// ---- row 8 ----

faultRow(8, 'browser closed by the user, and started again', { full: ['page'], kind: { own: true } }, async ({ proxy, device, engine, row }) => {
  await proxy.rules([thin(engine)]);
  const model = await row.open();
  await model.click('Download');
  const witness = await bystander(proxy, device);
  await largePieces(witness);
  const kept = await storedPieces(witness);
  // In the middle of the next one, by somebody who looks at it.
  await model.page.bringToFront();
  await model.isPast((await model.kept()) / (await model.total()) + 0.1);
  await device.relaunch();
  const mark = await proxy.mark();
  const again = await row.open();
  await row.tell(again);
  await row.endsReady(again, { clicks: 0, waste: ENDED[engine] });
  const asked = (await proxy.log(mark)).map((request) => request.path.replace('/pieces/', ''));
  expect(asked.filter((digest) => kept.includes(digest)), 'pieces fetched again').toEqual([]);
});

faultRow(8, 'browser killed at once, and started again', { full: true, kind: { own: true } }, async ({ proxy, device, engine, row }) => {
  await proxy.rules([thin(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.3);
  await device.kill();
  await device.launch();
  const again = await row.open();
  await row.tell(again);
  await row.endsReady(again, { clicks: 0, waste: ENDED[engine] });
});

faultRow(8, 'browser killed after a long while, and started again', { engines: ['background'], full: true, timeout: 240_000, kind: { own: true }, real: true }, async ({ proxy, device, engine, row }) => {
  // Long enough for the browser to note how far it is, which it does some seconds late.
  await proxy.rules([{ ...slow(engine), bytes_per_second: 700_000 }]);
  const model = await row.open();
  await model.click('Download');
  await lasts(35);
  await device.kill();
  // The browser does not say what it has of the pieces that were on their way, and for as long as none of them is whole it says
  // nothing: longer than a page waits for the first byte.
  await proxy.rules([{ path: '/pieces/', bytes_per_second: 1_000_000 }]);
  await device.launch();
  const again = await row.open();
  await row.tell(again);
  await expect(again.section).toHaveAttribute('data-engine', 'background');
  await row.endsReady(again, { clicks: 0, timeout: 120_000, waste: 2 * REAL.piece });
  await expect(again.section).not.toContainText('did not begin');
});

// ---- row 9 ----

faultRow(9, 'worker stopped in the middle of the download', {}, async ({ proxy, engine, row }) => {
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.4);
  await stopWorkers(model.page);
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(9, 'worker stopped in the middle of its work at the end', { engines: ['background'], real: true }, async ({ proxy, device, row }) => {
  const witness = await bystander(proxy, device);
  const model = await row.open();
  await proxy.rules([{ path: '/pieces/', bytes_per_second: 10_000_000 }]);
  await model.click('Download');
  await model.isPast(0.1);
  await model.page.close();
  const session = await witness.context().newCDPSession(witness);
  const running = new Map<string, string>();
  session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
    for (const { versionId, runningStatus } of versions) running.set(versionId, runningStatus);
  });
  await session.send('ServiceWorker.enable');
  await largePieces(witness);
  await session.send('ServiceWorker.stopAllWorkers');
  await until('the worker to be stopped', () => running.size > 0 && [...running.values()].every((status) => status === 'stopped'));
  const stored = await storedPieces(witness);
  const missing = (await row.pieces()).filter((piece) => !stored.includes(piece));
  expect(missing, 'what the worker had not come to').not.toEqual([]);
  await lasts(2);
  expect(await storedPieces(witness), 'what is stored by a worker that has been stopped').toEqual(stored);
  await proxy.rules([]);
  const again = await row.open();
  await row.tell(again);
  await row.endsReady(again, { clicks: 0, waste: 2 * REAL.piece });
});

faultRow(9, 'worker replaced by a new version in the middle', { engines: ['background'] }, async ({ proxy, engine, row }) => {
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.3);
  await proxy.rules([slow(engine), { path: '/service-worker.js', replace: { from: 'modelferry: ', to: 'Modelferry: ' } }]);
  await renewWorker(model.page);
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

// ---- row 16 ----

faultRow(16, 'computer asleep until its connections are gone', { kind: { own: true } }, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.3);
  device.sleep();
  await proxy.cut('reset');
  await until('no answer to be under way', async () => (await proxy.log()).every((request) => request.ended !== 'open'));
  await lasts(2);
  device.wake();
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(16, 'computer asleep for longer than the browser tries', { engines: ['background'], full: true, timeout: 300_000, kind: { own: true } }, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  await proxy.rules([slow(engine)]);
  const model = await row.open();
  await model.click('Download');
  await model.isPast(0.3);
  device.sleep();
  await proxy.cut('reset');
  // The browser gives up after 100 s.
  await lasts(115);
  device.wake();
  await row.tell(model);
  await row.endsReady(model, { clicks: 0 });
});
