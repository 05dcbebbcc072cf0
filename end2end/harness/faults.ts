// What several rows of docs/FAULTS.md do to a download, beyond what the proxy does.
import type { CDPSession, Page } from '@playwright/test';
import type { Device } from './device.ts';
import type { EngineName } from './fault-row.ts';
import type { Rule } from './proxy.ts';
import { until } from './wait.ts';

/**
 * Slow enough to do something in the middle. The page engine, which asks for four ranges at a time, gets what leaves it
 * below the speed from which whole pieces go straight to the store (`VERY_FAST` in crates/protocol/src/transfer/outcome.rs).
 */
export function slow(engine: EngineName): Rule {
  return { path: '/pieces/', bytes_per_second: engine === 'page' ? 1_000_000 : 2_000_000 };
}

/**
 * Slower still for the page engine, where a tab or the browser goes: what is on its way from the server to the page at
 * that moment, which nobody can keep, is then far less than what the engine itself may lose.
 */
export function thin(engine: EngineName): Rule {
  return engine === 'page' ? { path: '/pieces/', bytes_per_second: 500_000 } : slow(engine);
}

/** What the browser and the page say of requests that fail on purpose. */
export function tolerateFailures(device: Device): void {
  device.tolerate(/a request failed|Failed to load resource/);
}

/** The fault is a span of time: nothing else could be waited for. */
export function lasts(seconds: number): Promise<void> {
  return new Promise((over) => setTimeout(over, seconds * 1000));
}

/** Ends every worker of the browser, as it does itself when it is short of memory. */
export async function stopWorkers(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await session.detach();
}

/** Has the browser take the worker that the server has now, and waits until that has taken over. */
export async function renewWorker(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const registration = (await navigator.serviceWorker.getRegistration())!;
    const before = registration.active;
    await registration.update();
    while (registration.active === before || registration.active?.state !== 'activated') {
      await new Promise((again) => setTimeout(again, 50));
    }
  });
}

/** The room that the browser gives to a site. It gives its usual one again when the session ends. */
export class Quota {
  readonly #session: CDPSession;
  readonly #origin: string;

  private constructor(session: CDPSession, origin: string) {
    this.#session = session;
    this.#origin = origin;
  }

  static async of(page: Page): Promise<Quota> {
    return new Quota(await page.context().newCDPSession(page), new URL(page.url()).origin);
  }

  /** In bytes, in all; without a number what the browser gives by itself. */
  async set(bytes?: number): Promise<void> {
    await this.#session.send('Storage.overrideQuotaForOrigin', { origin: this.#origin, quotaSize: bytes });
  }

  /** Bytes that are used. */
  async used(): Promise<number> {
    const { usage } = await this.#session.send('Storage.getUsageAndQuota', { origin: this.#origin });
    return usage;
  }
}

/** Waits for a piece of at least 1 MiB to be in the store, by the browser's own means and without a pause. */
export async function largePieces(page: Page, atLeast = 1): Promise<void> {
  await page.evaluate(async (atLeast) => {
    for (;;) {
      let large = 0;
      if (await caches.has('modelferry-pieces-1')) {
        const cache = await caches.open('modelferry-pieces-1');
        for (const key of await cache.keys()) {
          // One that is not verified yet has a mark beside it.
          if (await cache.match(`${key.url}?unfinished`)) continue;
          const response = await cache.match(key);
          if (response && (await response.blob()).size >= 1 << 20) large += 1;
        }
      }
      if (large >= atLeast) return;
      await new Promise((again) => setTimeout(again, 5));
    }
  }, atLeast);
}

/** Waits until no answer is under way. */
export function quiet(proxy: { log(): Promise<{ path: string; ended: string }[]> }, path = '/'): Promise<true> {
  return until('all answers to end', async () => {
    const open = (await proxy.log()).filter((request) => request.ended === 'open' && request.path.startsWith(path));
    return open.length === 0 || undefined;
  });
}
