// One run of one variant: a fresh browser, a click, and what it took until ready.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './browser.mjs';
import { Meter, peak } from './meter.mjs';
import { FILE, warm } from './model.mjs';
import { stamps } from './stamps.mjs';
import { sleep, until } from './until.mjs';
import { VARIANTS } from './variants.mjs';

/** How long a run may take, in milliseconds: beyond the browser's own pauses and retries. */
const TIMEOUT = 600_000;
/** What is used is watched for so long after ready, in milliseconds: the browser tidies up. */
const AFTERWARDS = 2_000;
/** A user looks at a page for a while before clicking; what loads meanwhile is not the download's. */
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
    const first = await browser.devtools.open();
    await first.goto(`${origin}/assets/bench/warm-up.html`);
    await first.evaluate(() => Reflect.get(globalThis, 'warmUp')());
    const page = await browser.devtools.open();
    await page.first(stamps, { trace: trace !== undefined });
    if (variant.first) await page.first(variant.first);
    await page.goto(variant.url(origin, revision));
    await until('the button', () => page.evaluate(button, false));
    await first.close();
    await sleep(BEFORE);
    const meter = new Meter(browser.group, browser.profile);
    const logged = server.log().length;
    meter.start();
    if (!(await page.evaluate(button, true))) throw new Error('the button went away');
    const whole = async () => {
      const { state } = await page.evaluate(progress);
      if (/^(failed|interrupted|unsupported)/.test(state)) throw new Error(`variant ${key} ended ${state}`);
      return state === 'ready';
    };
    await until(`variant ${key} to be ready`, whole, TIMEOUT);
    const processor = meter.processor();
    await sleep(AFTERWARDS);
    meter.stop();
    const stored = variant.plain ? await page.evaluate(storedPlain) : (await page.evaluate(progress)).kept;
    if (stored !== size) throw new Error(`variant ${key} said ready with ${stored} of ${size} bytes of ${FILE}`);
    /** @type {{ click: number, ready: number, steps: object[] }} */
    const bench = await page.evaluate(() => Reflect.get(globalThis, 'bench'));
    const log = server.log(logged);
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

/** In the page: whether its button can be clicked; clicks it if so and `wanted`. @param {boolean} wanted */
function button(wanted) {
  const buttons = [...document.querySelectorAll('[data-testid=download] button')];
  const button = buttons.find((each) => each.textContent?.trim() === 'Download');
  const ready = button instanceof HTMLElement && button.checkVisibility() && !button.matches(':disabled');
  if (ready && wanted) button.click();
  return ready;
}

/** In the page: how far it says it is. */
function progress() {
  const { state = '', kept } = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid=download]'))?.dataset ?? {};
  return { state, kept: Number(kept) };
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
