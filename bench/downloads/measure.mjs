// One run of one variant: a fresh browser, a click, and what it took until ready.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './browser.mjs';
import { Meter, peak } from './meter.mjs';
import { FILE, warm } from './model.mjs';
import { stamps } from './stamps.mjs';
import { sleep } from './until.mjs';
import { VARIANTS } from './variants.mjs';

/** How long a run may take, in milliseconds: beyond the browser's own pauses and retries. */
const TIMEOUT = 600_000;
/** What is used is watched for so long after ready, in milliseconds: the browser tidies up. */
const AFTERWARDS = 2_000;
/** A person looks at a page for a while before clicking; what loads meanwhile is not the download's. */
const BEFORE = 1_500;

/**
 * @typedef {{ seconds: number, processor: number, wire: number, requests: number, memory: number, memoryParts: Record<string, number>,
 *   diskPeak: number, diskAfter: number }} Run  bytes, but for `seconds` and `processor`, which are seconds
 */

/**
 * @param {string} key of a variant
 * @param {{ folder: string, server: import('./server.mjs').Server, origin: string, models: string, size: number,
 *   trace: string | undefined, label: string }} setting
 * @returns {Promise<Run>}
 */
export async function measure(key, { folder, server, origin, models, size, trace, label }) {
  const variant = VARIANTS[key];
  if (!variant) throw new Error(`there is no variant ${key}`);
  const { revision } = await server.manifest();
  // Nothing of the run before shall be written during this one, and the server reads from memory.
  execFileSync('sync');
  warm(models);
  const browser = new Browser(folder);
  try {
    const context = await browser.connect();
    context.setDefaultTimeout(TIMEOUT);
    const first = await context.newPage();
    await first.goto(`${origin}/assets/bench/warm-up.html`);
    await first.evaluate('warmUp()');
    const page = await context.newPage();
    await page.addInitScript(stamps, { trace: trace !== undefined });
    await variant.prepare(page);
    await page.goto(variant.url(origin, revision));
    const section = page.getByTestId('download');
    const button = section.getByRole('button', { name: 'Download', exact: true });
    await button.waitFor();
    await page.bringToFront();
    await first.close();
    await sleep(BEFORE);
    const meter = new Meter(browser.group, browser.profile);
    const mark = server.log().length;
    meter.start();
    await button.click();
    const end = Date.now() + TIMEOUT;
    for (;;) {
      const state = (await section.getAttribute('data-state')) ?? '';
      if (state === 'ready') break;
      if (/^(failed|interrupted|unsupported)/.test(state)) throw new Error(`variant ${key} ended ${state}`);
      if (Date.now() > end) throw new Error(`variant ${key} was not ready after ${TIMEOUT / 1000} s, but ${state}`);
      await sleep(100);
    }
    const processor = meter.processor();
    await sleep(AFTERWARDS);
    meter.stop();
    const stored = variant.plain
      ? await page.evaluate(storedPlain)
      : Number(await section.getAttribute('data-kept'));
    if (stored !== size) throw new Error(`variant ${key} said ready with ${stored} of ${size} bytes of ${FILE}`);
    /** @type {{ click: number, ready: number, steps: object[] }} */
    const bench = await page.evaluate('bench');
    const log = server.log(mark);
    const before = meter.memory[0];
    const most = peak(meter.memory);
    const last = meter.disk.at(-1);
    if (!before || !last) throw new Error('nothing was sampled');
    const difference = (/** @type {string} */ part) => (most.parts[part] ?? 0) - (before.parts[part] ?? 0);
    const empty = meter.disk[0]?.parts.all ?? 0;
    const run = {
      seconds: (bench.ready - bench.click) / 1000,
      processor,
      wire: log.reduce((sum, line) => sum + line.bytes, 0),
      requests: log.length,
      memory: difference('all'),
      memoryParts: Object.fromEntries(Object.keys(most.parts).map((part) => [part, difference(part)])),
      diskPeak: (peak(meter.disk).parts.all ?? 0) - empty,
      diskAfter: (last.parts.all ?? 0) - empty,
    };
    if (trace) {
      mkdirSync(trace, { recursive: true });
      const all = { run, bench, log, memory: meter.memory, disk: meter.disk };
      writeFileSync(join(trace, `${label}.json`), JSON.stringify(all, null, 1));
    }
    return run;
  } finally {
    await browser.end();
  }
}

/** In the page: bytes of what the plain ways have stored. */
async function storedPlain() {
  const cache = await caches.open('plain');
  let sum = 0;
  for (const request of await cache.keys()) {
    if (!request.url.includes('/resolve/')) continue;
    sum += (await (await cache.match(request))?.blob())?.size ?? 0;
  }
  return sum;
}
