// A download outlives what a user does to tabs and to the browser.
import { bystander, expect, expectedDigests, MODEL, ModelPage, PIECE, storedFiles, storedPieces, test, until } from '../harness/test.ts';

// The browser fetches two pieces side by side: in bytes a second, of one.
const SLOW = [{ path: '/pieces/', bytes_per_second: 2_000_000 }];

/** How often each large piece was asked for from its beginning. */
function fullRequests(server: { log(): { method: string; path: string; range: string | null }[] }, digest: string): number {
  return server.log().filter((request) => request.path === `/pieces/${digest}` && request.range === null).length;
}

test('a tab that is closed in the middle and opened again goes on without fetching twice', async ({ server, faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const manifest = await server.manifest();
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.isPast(0.15);
  await model.page.close();

  const again = await ModelPage.open(await device.newPage(), faultProxy);
  await again.becomes('fetching');
  // Had the navigation paused the transfer, it would stand still for 30 s.
  await again.becomes('ready', 25_000);
  const weights = manifest.files.find((file) => file.path === 'model.safetensors')!;
  for (const digest of weights.pieces) expect(fullRequests(server, digest)).toBe(1);
});

test('with every tab closed, the worker finishes alone', async ({ server, faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const manifest = await server.manifest();
  const named = [...new Set(manifest.files.flatMap((file) => file.pieces))].sort();
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.isPast(0.1);
  await model.page.close();

  await until('every piece to be sent', () => named.every((digest) => server.pieceRequests().includes(digest)), {
    timeout: 60_000,
  });
  const witness = await bystander(faultProxy, device);
  await expect.poll(() => storedPieces(witness), { timeout: 30_000 }).toEqual(named);
  const files = await storedFiles(witness, server, MODEL);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());

  const mark = server.mark();
  await (await ModelPage.open(await device.newPage(), faultProxy)).becomes('ready');
  expect(server.pieceRequests(mark)).toEqual([]);
});

test('a reload re-attaches, and progress does not go back', async ({ faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const page = await device.newPage();
  // Every value that the bar shows while bytes are coming, from the first on.
  await page.addInitScript(() => {
    const seen: number[] = [];
    Object.assign(window, { seen });
    new MutationObserver(() => {
      const section = document.querySelector('[data-testid=download][data-state=fetching]');
      const bar = section?.querySelector('[role=progressbar]');
      if (bar) seen.push(Number(bar.getAttribute('aria-valuenow')) / Number(bar.getAttribute('aria-valuemax')));
    }).observe(document, { subtree: true, childList: true, attributes: true });
  });
  const model = await ModelPage.open(page, faultProxy);
  await model.click('Download');
  await model.isPast(0.25);
  const before = await model.progress();

  await model.reload();
  await model.becomes('fetching');
  await model.becomes('ready', 25_000);
  const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen);
  expect(seen[0], 'the first value after the reload').toBeGreaterThanOrEqual(before);
  expect(seen, 'values that only grow').toEqual(seen.toSorted((a, b) => a - b));
});

test.describe(() => {
  test.use({ kind: { own: true } });

  test('a browser that is quit and started again goes on with what is missing', async ({ server, faultProxy, device }) => {
    await faultProxy.rules(SLOW);
    const model = await ModelPage.open(await device.newPage(), faultProxy);
    await model.click('Download');
    // The first two large pieces come side by side, the third after them.
    await model.keeps(1.5 * PIECE);
    const kept = await storedPieces(await bystander(faultProxy, device));

    await device.relaunch();
    const mark = server.mark();
    const again = await ModelPage.open(await device.newPage(), faultProxy);
    await again.becomes('ready');
    const files = await storedFiles(await bystander(faultProxy, device), server, MODEL);
    expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
    expect(server.pieceRequests(mark).filter((digest) => kept.includes(digest))).toEqual([]);
  });

  test('a browser that crashed goes on by itself @full', async ({ server, faultProxy, device }) => {
    await faultProxy.rules([{ path: '/pieces/', bytes_per_second: 1_000_000 }]);
    const model = await ModelPage.open(await device.newPage(), faultProxy);
    await model.click('Download');
    await model.isPast(0.4);

    await device.kill();
    await device.launch();
    const again = await ModelPage.open(await device.newPage(), faultProxy);
    await again.becomes('ready', 100_000);
    const files = await storedFiles(await bystander(faultProxy, device), server, MODEL);
    expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
  });
});

test('a server that goes away for a moment does not end the download @full', async ({ server, faultProxy, device }) => {
  await faultProxy.rules(SLOW);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  await model.click('Download');
  await model.isPast(0.2);
  await faultProxy.down();
  await server.restart();
  await faultProxy.up();
  // The browser tries again after 20 s.
  await model.becomes('ready', 90_000);
});
