// A new service worker takes over where Chromium by itself would let it.
import type { Page } from '@playwright/test';

/** Longer than a worker that has nothing to do lets its successor wait. */
const LONG = 3_000;

interface Version {
  versionId: string;
  status: string;
  runningStatus: string;
}

/**
 * Ends a worker that keeps its successor waiting for no reason. One that an event started anew during the update never
 * counts as idle while DevTools, and so Playwright, are attached: the successor then waits for five minutes; without them
 * it is half of one.
 */
export async function endIdleWorkers(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const versions = new Map<string, Version>();
  const waiting = (id: string) => versions.get(id)?.status === 'installed';
  const endActive = async () => {
    for (const { versionId, status, runningStatus } of versions.values()) {
      if (status !== 'activated' || runningStatus !== 'running') continue;
      // The page may be gone by now, or the worker.
      await session.send('ServiceWorker.stopWorker', { versionId }).catch(() => undefined);
    }
  };
  session.on('ServiceWorker.workerVersionUpdated', ({ versions: told }) => {
    for (const version of told) {
      const isNew = version.status === 'installed' && !waiting(version.versionId);
      versions.set(version.versionId, version);
      if (isNew) setTimeout(() => void (waiting(version.versionId) && endActive()), LONG);
    }
  });
  await session.send('ServiceWorker.enable');
}
