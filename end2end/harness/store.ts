// What is in the browser's store, read by the browser's own means and hashed there: the page under test has
// no say in it.
import type { Page } from '@playwright/test';
import type { Device } from './device.ts';
import type { Server } from './server.ts';
import type { Site } from './site.ts';

const PIECES = 'modelferry-pieces-1';
const MANIFESTS = 'modelferry-manifests-1';

export interface StoredFile {
  path: string;
  size: number;
  sha256: string;
}

/** Where a function can be carried out in a page: it goes there as text, and sees nothing but its argument. */
export interface Evaluates {
  evaluate<A, R>(body: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
}

/** A tab of the same origin in which none of the app's code runs. */
export async function bystander(site: Site, device: Device): Promise<Page> {
  const page = await device.newPage();
  await page.goto(`${site.url}/healthz`);
  return page;
}

/** SHA-256 names of the pieces in the store, sorted. */
export function storedPieces(page: Evaluates): Promise<string[]> {
  return page.evaluate(async (cache) => {
    if (!(await caches.has(cache))) return [];
    const keys = await (await caches.open(cache)).keys();
    const urls = keys.map((key) => new URL(key.url));
    // What has a mark beside it was not stored to its end.
    const marked = urls.filter((url) => url.search).map((url) => url.pathname);
    const whole = urls.filter((url) => !url.search && !marked.includes(url.pathname));
    return whole.map((url) => url.pathname.replace('/pieces/', '')).sort();
  }, PIECES);
}

/** The paths of the manifests in the store. */
export function storedManifests(page: Evaluates): Promise<string[]> {
  return page.evaluate(async (cache) => {
    if (!(await caches.has(cache))) return [];
    const keys = await (await caches.open(cache)).keys();
    return keys.map((key) => decodeURIComponent(new URL(key.url).pathname)).sort();
  }, MANIFESTS);
}

/** Puts each file of a model together from its pieces and hashes the whole. Throws if a piece is missing. */
export async function storedFiles(page: Evaluates, server: Server, model: string): Promise<StoredFile[]> {
  // Which pieces make up a file is asked of the server: the store's own list is part of what is tested.
  const { files } = await server.manifest(model);
  return page.evaluate(
    async ({ cache, files }) => {
      const hex = (buffer: ArrayBuffer) =>
        Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
      const store = await caches.open(cache);
      const stored: StoredFile[] = [];
      for (const file of files) {
        const parts: Blob[] = [];
        for (const digest of file.pieces) {
          const piece = await store.match(`/pieces/${digest}`);
          if (!piece) throw new Error(`piece ${digest} of ${file.path} is not stored`);
          parts.push(await piece.blob());
        }
        const bytes = await new Blob(parts).arrayBuffer();
        stored.push({
          path: file.path,
          size: bytes.byteLength,
          sha256: hex(await crypto.subtle.digest('SHA-256', bytes)),
        });
      }
      return stored;
    },
    { cache: PIECES, files },
  );
}

/** Pieces of which something is saved: in files, and in a cache what pages that went gave to the worker. */
export function storedParts(page: Evaluates): Promise<string[]> {
  return page.evaluate(async (_) => {
    const keys = await (await caches.open('modelferry-parts-1')).keys();
    const names = keys.map((key) => new URL(key.url).search.slice(1));
    // WebKitGTK has no files.
    if (!('getDirectory' in navigator.storage)) return names;
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('modelferry-parts-1', { create: true });
    for await (const name of folder.keys()) names.push(name);
    return names;
  }, null);
}
