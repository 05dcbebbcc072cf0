// The four ways of getting a model into a browser that are compared. Each is a page with the same two marks: a
// button "Download" and an element whose `data-state` becomes `ready`.
import { FILE, MODEL } from './model.mjs';

/**
 * @typedef {import('@playwright/test').Page} Page
 * @typedef {{ name: string, plain: boolean, prepare(page: Page): Promise<void>, url(origin: string, revision: string): string }} Variant
 */

const nothing = async () => {};

/** @param {string} engine */
const plain = (engine) => (/** @type {string} */ origin, /** @type {string} */ revision) =>
  `${origin}/assets/bench/plain.html?engine=${engine}&file=${encodeURIComponent(`/${MODEL}/resolve/${revision}/${FILE}`)}`;

const ours = (/** @type {string} */ origin) => `${origin}/${MODEL}`;

/** @type {Record<string, Variant>} */
export const VARIANTS = {
  a: { name: 'plain Background Fetch', plain: true, prepare: nothing, url: plain('background') },
  b: { name: 'plain fetch to cache', plain: true, prepare: nothing, url: plain('fetch') },
  c: { name: 'Modelferry, Background Fetch', plain: false, prepare: nothing, url: ours },
  d: { name: 'Modelferry, page engine', plain: false, prepare: withoutBackgroundFetch, url: ours },
};

/** A tab of a browser as all but Chromium's are. @param {Page} page */
async function withoutBackgroundFetch(page) {
  await page.addInitScript(() => {
    Reflect.deleteProperty(ServiceWorkerRegistration.prototype, 'backgroundFetch');
  });
}
