// The four ways of getting a model into a browser that are compared. Each is a page with the same two marks: a
// button "Download" and an element whose `data-state` becomes `ready`.
import { FILE, MODEL } from './model.mjs';

/**
 * @typedef {{ name: string, plain: boolean, first?: () => void, url(origin: string, revision: string): string }} Variant
 *   `first` runs in the page before its own scripts.
 */

/** @param {string} engine */
const plain = (engine) => (/** @type {string} */ origin, /** @type {string} */ revision) =>
  `${origin}/assets/bench/plain.html?engine=${engine}&file=${encodeURIComponent(`/${MODEL}/resolve/${revision}/${FILE}`)}`;

const ours = (/** @type {string} */ origin) => `${origin}/${MODEL}`;

/** @type {Record<string, Variant>} */
export const VARIANTS = {
  a: { name: 'plain Background Fetch', plain: true, url: plain('background') },
  b: { name: 'plain fetch to cache', plain: true, url: plain('fetch') },
  c: { name: 'Modelferry, Background Fetch', plain: false, url: ours },
  d: { name: 'Modelferry, page engine', plain: false, first: withoutBackgroundFetch, url: ours },
};

/** A tab of a browser as all but Chromium's are. */
function withoutBackgroundFetch() {
  Reflect.deleteProperty(ServiceWorkerRegistration.prototype, 'backgroundFetch');
}
