// Asking for files from within a page, as any library does, and what came of it.
import type { Evaluates } from './store.ts';

export interface Asked {
  url: string;
  method?: string;
  headers?: Record<string, string>;
}

export interface Got {
  status: number;
  headers: Record<string, string>;
  /** SHA-256 of the body. */
  sha256: string;
  length: number;
}

/** Asks in the page, so that the worker answers if it wants to. The body is read as it comes. */
export function ask(page: Evaluates, asked: Asked): Promise<Got> {
  return page.evaluate(async ({ url, method, headers }) => {
    const answer = await fetch(url, { method, headers });
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const reader = answer.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || !value) break;
      chunks.push(value as Uint8Array<ArrayBuffer>);
    }
    const bytes = await new Blob(chunks).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''),
      length: bytes.byteLength,
    };
  }, asked);
}

/**
 * Waits until the page of a download that is ready has tidied up. It then says that something has changed, upon which the worker
 * looks anew which models are ready; to be called before the download begins, and what it gives when it is ready.
 */
export async function tidiedUp(page: Evaluates): Promise<() => Promise<void>> {
  await page.evaluate(() => {
    const channel = new BroadcastChannel('modelferry');
    const told = new Promise<void>((told) => {
      channel.addEventListener('message', ({ data }) => {
        const { state } = document.querySelector<HTMLElement>('[data-testid=download]')!.dataset;
        if (state === 'ready' && String(data).split(' ')[1] === 'changed') told();
      });
    });
    Object.assign(window, { tidiedUp: told });
  }, null);
  return () => page.evaluate(() => (window as unknown as { tidiedUp: Promise<void> }).tidiedUp, null);
}

/** Waits until the worker answers what this page asks for. */
export function controlled(page: Evaluates): Promise<void> {
  return page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((taken) => navigator.serviceWorker.addEventListener('controllerchange', taken, { once: true }));
  }, null);
}
