// What the browser itself allows: the same bytes through a worker that does nothing else. Two such workers, on an origin of
// their own: one joins the stored pieces as ours does, the other hands one stored response over as it is.
import http from 'node:http';

const WORKER = `
const stored = async (number) => (await caches.open('pieces')).match('/pieces/' + number);
const answers = {
  joined: async (count) => {
    const blobs = Array.from({ length: count }, async (_, number) => (await stored(number)).blob());
    return new Response(new Blob(await Promise.all(blobs)));
  },
  untouched: stored,
};
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const [, folder, way, number] = new URL(event.request.url).pathname.split('/');
  if (folder === 'through') event.respondWith(answers[way](Number(number)));
});
`;

/** Serves the page and the worker; the pages are isolated as ours are. */
export class Floor {
  #server = http.createServer((request, response) => {
    const worker = request.url === '/worker.js';
    response.setHeader('content-type', worker ? 'text/javascript' : 'text/html');
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    response.end(worker ? WORKER : '<!doctype html><title>floor</title>');
  });

  /**
   * Stores that much, in pieces of this size.
   * @param {import('@playwright/test').Page} page
   * @param {{ size: number, piece: number }} setting
   */
  async open(page, { size, piece }) {
    await new Promise((done) => this.#server.listen(0, '127.0.0.1', () => done(undefined)));
    const address = this.#server.address();
    if (!address || typeof address === 'string') throw new Error('no port');
    await page.goto(`http://127.0.0.1:${address.port}/`);
    await page.evaluate(store, { size, piece });
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Runs in the page, as text. @param {{ size: number, piece: number }} setting */
async function store({ size, piece }) {
  const taken = new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done));
  await navigator.serviceWorker.register('/worker.js');
  await taken;
  const cache = await caches.open('pieces');
  for (let first = 0; first < size; first += piece) {
    const bytes = new Uint8Array(Math.min(piece, size - first));
    for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    await cache.put(`/pieces/${first / piece}`, new Response(bytes));
  }
}
