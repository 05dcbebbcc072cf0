// What is in the browser's store, read by the browser's own means and hashed there: the page under test has
// no say in it.
import type { Page } from '@playwright/test';
import type { Device } from './device.ts';
import type { Server } from './server.ts';

const PIECES = 'modelferry-pieces-1';
const MANIFESTS = 'modelferry-manifests-1';

export interface StoredFile {
  path: string;
  size: number;
  sha256: string;
}

/** A tab of the same origin in which none of the app's code runs. */
export async function bystander(server: Server, device: Device): Promise<Page> {
  const page = await device.newPage();
  await page.goto(`${server.url}/healthz`);
  return page;
}

/** SHA-256 names of the pieces in the store, sorted. */
export function storedPieces(page: Page): Promise<string[]> {
  return page.evaluate(async (cache) => {
    if (!(await caches.has(cache))) return [];
    const keys = await (await caches.open(cache)).keys();
    return keys.map((key) => new URL(key.url).pathname.replace('/pieces/', '')).sort();
  }, PIECES);
}

/** The paths of the manifests in the store. */
export function storedManifests(page: Page): Promise<string[]> {
  return page.evaluate(async (cache) => {
    if (!(await caches.has(cache))) return [];
    const keys = await (await caches.open(cache)).keys();
    return keys.map((key) => decodeURIComponent(new URL(key.url).pathname)).sort();
  }, MANIFESTS);
}

/** Puts each file of a model together from its pieces and hashes the whole. Throws if a piece is missing. */
export function storedFiles(page: Page, model: string): Promise<StoredFile[]> {
  return page.evaluate(
    async ([manifests, pieces, model]) => {
      const hex = (buffer: ArrayBuffer) =>
        Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
      const cache = await caches.open(manifests);
      const key = (await cache.keys()).find((key) =>
        decodeURIComponent(new URL(key.url).pathname).startsWith(`/api/models/${model}/manifest/`),
      );
      if (!key) throw new Error(`no manifest of ${model} is stored`);
      const manifest = await (await cache.match(key))!.json();
      const store = await caches.open(pieces);
      const files = [];
      for (const file of manifest.files) {
        const parts: Blob[] = [];
        for (const digest of file.pieces) {
          const piece = await store.match(`/pieces/${digest}`);
          if (!piece) throw new Error(`piece ${digest} of ${file.path} is not stored`);
          parts.push(await piece.blob());
        }
        const bytes = await new Blob(parts).arrayBuffer();
        files.push({
          path: file.path as string,
          size: bytes.byteLength,
          sha256: hex(await crypto.subtle.digest('SHA-256', bytes)),
        });
      }
      return files;
    },
    [MANIFESTS, PIECES, model] as const,
  );
}
