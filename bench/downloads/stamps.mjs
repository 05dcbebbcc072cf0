// What a page notes for the benchmark. Runs in the page, before the page's own scripts.

/** Notes when the button was clicked and when the page said ready, and with `trace` what the page did. */
export function stamps(/** @type {{ trace: boolean }} */ { trace }) {
  /** @type {{ click: number, ready: number, steps: { what: string, start: number, end: number }[] }} */
  const bench = { click: 0, ready: 0, steps: [] };
  Object.assign(globalThis, { bench });
  const now = () => performance.timeOrigin + performance.now();
  addEventListener('click', () => (bench.click ||= now()), { capture: true });
  new MutationObserver(() => {
    const section = document.querySelector('[data-testid=download]');
    const state = section?.getAttribute('data-state') ?? '';
    if (state === 'ready') bench.ready ||= now();
    if (trace && bench.click) {
      const what = `${state} ${section?.getAttribute('data-kept') ?? ''}`;
      if (bench.steps.findLast((step) => step.what.startsWith('page '))?.what !== `page ${what}`) {
        bench.steps.push({ what: `page ${what}`, start: now(), end: now() });
      }
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
  if (trace) {
    const wrap = (/** @type {any} */ owner, /** @type {string} */ name) => {
      const original = owner[name];
      owner[name] = function (/** @type {any[]} */ ...args) {
        const step = { what: name, start: now(), end: 0 };
        bench.steps.push(step);
        const result = original.apply(this, args);
        const done = () => (step.end = now());
        result.then(done, done);
        return result;
      };
    };
    wrap(Response.prototype, 'arrayBuffer');
    wrap(SubtleCrypto.prototype, 'digest');
    wrap(Cache.prototype, 'put');
    wrap(Cache.prototype, 'match');
    const background = /** @type {any} */ (globalThis).BackgroundFetchRegistration;
    if (background) wrap(background.prototype, 'matchAll');
  }
}
