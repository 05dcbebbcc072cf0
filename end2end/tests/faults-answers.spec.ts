// Rows 3, 5 and 6 of docs/FAULTS.md: what the server, or something on the way, answers.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../harness/fault-row.ts';
import { slow } from '../harness/faults.ts';
import type { Rule } from '../harness/proxy.ts';
import { type Device, expect, expectedDigests, MODEL, PIECE, type Server, until } from '../harness/test.ts';

/** Of one answer, in bytes a second: slow enough to do something in the middle. */
const SLOW = { path: '/pieces/', bytes_per_second: 2_000_000 };

/** What the browser and the page say of requests that fail, and of bytes that are wrong, on purpose. */
function tolerateFailures(device: Device): void {
  device.tolerate(/a request failed|Failed to load resource|was refused/);
}

// ---- row 3 ----

const BUSY: Rule = { name: 'busy', status: 503, headers: { 'retry-after': '2' } };

// Of all pieces: as long as another one comes, there is nothing to tell.
faultRow(3, 'status 503 with Retry-After, six times', { engines: ['page'] }, async ({ proxy, device, row }) => {
  tolerateFailures(device);
  await proxy.rules([{ ...BUSY, path: '/pieces/', times: 6 }]);
  const model = await row.begin();
  await expect(model.section).toContainText('The server answered with an error (503).');
  await row.tell(model);
  await row.endsReady(model, { faults: 6, clicks: 0 });
});

// The browser takes 100 s to give up.
faultRow(3, 'status 503 with Retry-After, until the browser gives up', { engines: ['background'], full: true, timeout: 300_000 }, async ({ proxy, device, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  await proxy.rules([{ ...BUSY, path: `/pieces/${piece}` }]);
  const model = await row.begin();
  await row.tell(model);
  await expect(model.section, 'the page goes on').toHaveAttribute('data-engine', 'page', { timeout: 240_000 });
  await expect(model.section).toContainText('The server answered with an error (503).');
  await row.tell(model);
  await proxy.rules([]);
  await row.endsReady(model, { clicks: 0 });
});

faultRow(3, 'status 404 for a piece', {}, async ({ proxy, device, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  const sentence = 'The server has replaced these files, or does not have them any more.';
  await proxy.rules([{ path: `/pieces/${piece}`, status: 404 }]);
  const model = await row.begin();
  await model.becomes('interrupted');
  await expect(model.section).toContainText(sentence);
  // Looking again does not make it forget why.
  await model.looksAgain();
  await expect(model.section).toContainText(sentence);
  await proxy.rules([]);
  await row.endsReady(model, { button: 'Get the new version' });
});

// ---- row 5 ----
// A piece is checked as a whole, so what is found wrong in it is fetched again as a whole: that is what it costs.

faultRow(5, 'a wrong byte in a piece, once', {}, async ({ proxy, device, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  // The second time it takes long enough to see what the page says meanwhile.
  await proxy.rules([
    { name: 'wrong', path: `/pieces/${piece}`, times: 1, corrupt_at: 1_000_000 },
    { path: `/pieces/${piece}`, bytes_per_second: 3_000_000 },
  ]);
  const model = await row.begin();
  await row.struck('wrong');
  await expect(model.section, 'the page says so').toContainText('One piece arrived damaged and was not kept.');
  await row.tell(model);
  await row.endsReady(model, { clicks: 0, waste: PIECE });
});

faultRow(5, 'a truncated piece, once', {}, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  // On a line where the page looks at the bytes as they come; on a very fast one it cannot go on inside a piece.
  const line = slow(engine);
  await proxy.rules([{ ...line, name: 'short', path: `/pieces/${piece}`, times: 1, truncate_to: 1_000_000 }, line]);
  const model = await row.begin();
  await row.struck('short');
  await row.endsReady(model, { clicks: 0 });
});

faultRow(5, 'an HTML page with status 200 instead of a piece, once', { engines: ['background'] }, async ({ proxy, device, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  const headers = { 'content-type': 'text/html; charset=utf-8' };
  const body = '<!doctype html><title>Sign in</title><p>Please sign in to this network.';
  await proxy.rules([{ name: 'portal', path: `/pieces/${piece}`, times: 1, status: 200, headers, body }]);
  const model = await row.begin();
  await row.struck('portal');
  await row.endsReady(model, { clicks: 0 });
});

faultRow(5, 'a proxy that compresses', { full: true }, async ({ proxy, device, engine, row }) => {
  // A range of what is compressed cannot be decompressed: the page finds out, and asks for whole pieces. Until then, each of its
  // six requests has brought what a socket holds.
  tolerateFailures(device);
  await proxy.rules([{ name: 'gzip', path: '/pieces/', gzip: true }]);
  const model = await row.begin();
  await row.struck('gzip');
  await row.endsReady(model, { clicks: 0, ...(engine === 'page' ? { waste: 1 << 20 } : {}) });
});

faultRow(5, 'a server that ignores Range', {}, async ({ proxy, device, engine, row }) => {
  tolerateFailures(device);
  const [, piece] = await row.pieces();
  // Not so fast that a piece is sent before the page can say that it does not want it. The browser asks for a range
  // after a cut only.
  const cut: Rule[] = engine === 'background' ? [{ path: `/pieces/${piece}`, times: 1, cut_at: 5_000_000 }] : [];
  await proxy.rules([...cut, { name: 'ignored', path: '/pieces/', ranged: true, ignore_range: true }, SLOW]);
  const model = await row.begin();
  await row.struck('ignored');
  // Six requests of the page's may be under way when the first one is answered.
  await row.endsReady(model, { clicks: 0, faults: engine === 'page' ? 6 : 1 });
});

// ---- row 6 ----

/** Puts a new version onto the server, in which only the second piece of the large file is another. */
async function replace(server: Server): Promise<Map<string, string>> {
  const bytes = new Uint8Array(readFileSync(join(server.models, MODEL, 'model.safetensors')));
  bytes[PIECE + 1_000_000]! ^= 1;
  const { revision } = await server.manifest();
  server.replaceFile(MODEL, 'model.safetensors', bytes);
  await until('the server to have the new version', async () => (await server.manifest()).revision !== revision);
  return new Map([...expectedDigests(), ['model.safetensors', createHash('sha256').update(bytes).digest('hex')]]);
}

faultRow(6, 'the model is replaced in the middle', {}, async ({ server, proxy, device, row }) => {
  tolerateFailures(device);
  const before = await row.pieces();
  // The server takes a moment to notice. Until then nobody gets the piece that is to be another.
  await proxy.rules([{ path: `/pieces/${before[1]}`, delay_ms: 6_000 }, SLOW]);
  const model = await row.begin();
  await model.isPast(0.05);
  const digests = await replace(server);
  const after = await row.pieces();
  expect(after.map((piece, n) => piece === before[n])).toEqual([true, false, true]);
  await row.watch(model.page);
  // Answers under way come from the file that was open.
  const early = (await proxy.log()).filter(({ path, bytes }) => path === `/pieces/${before[1]}` && bytes > 0);
  expect(early, 'the old piece has not been sent').toEqual([]);
  await model.becomes('interrupted', 90_000);
  await expect(model.section).toContainText('What still fits is kept.');
  const kept = await model.kept();
  await row.tell(model);
  await proxy.rules([]);
  const mark = await proxy.mark();
  await row.click(model, 'Get the new version');
  await row.endsReady(model, { digests, waste: PIECE + (256 << 10) });
  const sent = await proxy.pieceBytes(mark);
  expect(sent, 'only what is missing is fetched').toBeLessThanOrEqual((await model.total()) - kept);
});
