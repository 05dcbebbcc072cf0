// What the service worker keeps of the application, read by the browser's own means.
import type { Evaluates } from './store.ts';

const PREFIX = 'modelferry-shell-';

/** The caches of the shell, one for each build, oldest first, with the paths in them. */
export function storedShells(page: Evaluates): Promise<string[][]> {
  return page.evaluate(async (prefix) => {
    const names = (await caches.keys()).filter((name) => name.startsWith(prefix));
    const shells: string[][] = [];
    for (const name of names) {
      const keys = await (await caches.open(name)).keys();
      shells.push(keys.map((key) => decodeURIComponent(new URL(key.url).pathname)).sort());
    }
    return shells;
  }, PREFIX);
}

/** All paths of the newest build. */
export async function storedShell(page: Evaluates): Promise<string[]> {
  return (await storedShells(page)).at(-1) ?? [];
}

/** Removes an entry, as nobody does but a browser with a fault or a user with its tools. */
export function removeFromShell(page: Evaluates, path: string): Promise<boolean> {
  return page.evaluate(
    async ({ prefix, path }) => {
      const names = (await caches.keys()).filter((name) => name.startsWith(prefix));
      const removed = await Promise.all(names.map(async (name) => (await caches.open(name)).delete(path)));
      return removed.some(Boolean);
    },
    { prefix: PREFIX, path },
  );
}
