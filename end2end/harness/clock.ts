// A page's clock that a test sets forward. Playwright's own would be that of all pages of the browser, for good.
import type { Page } from '@playwright/test';

export class Clock {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Of a page that nothing was loaded into yet. The clock goes by itself. */
  static async of(page: Page): Promise<Clock> {
    await page.addInitScript(install);
    return new Clock(page);
  }

  /** So many ms are over at once. What is due by then happens, once each. */
  async fastForward(ms: number): Promise<void> {
    await this.#page.evaluate((ms) => (window as unknown as { forward(ms: number): void }).forward(ms), ms);
  }

  /** The same in steps, in which what happens sets other timers. */
  async goes(ms: number, step = 500): Promise<void> {
    for (let gone = 0; gone < ms; gone += step) {
      await this.fastForward(step);
      // The page does what else it does, such as asking the server.
      await new Promise((over) => setTimeout(over, 20));
    }
  }
}

/** Runs in the page, before anything of it. */
function install(): void {
  interface Timer {
    due: number;
    run: () => void;
    /** In ms, of one that goes off again and again. */
    every: number | undefined;
    own: number;
  }
  const own = {
    setTimeout: window.setTimeout.bind(window),
    clearTimeout: window.clearTimeout.bind(window),
    date: Date.now.bind(Date),
    now: performance.now.bind(performance),
  };
  let ahead = 0;
  let last = 0;
  const timers = new Map<number, Timer>();
  const now = () => own.now() + ahead;
  const wind = (id: number, timer: Timer) => {
    timer.own = own.setTimeout(() => goesOff(id, timer), timer.due - now());
  };
  const goesOff = (id: number, timer: Timer) => {
    if (timer.every === undefined) timers.delete(id);
    else wind(id, Object.assign(timer, { due: now() + timer.every }));
    timer.run();
  };
  const set = (again: boolean) => (handler: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) => {
    const every = Math.max(ms, 1);
    const timer = { due: now() + every, run: () => handler(...values), every: again ? every : undefined, own: 0 };
    wind(++last, timer);
    timers.set(last, timer);
    return last;
  };
  const clear = (id: number) => {
    own.clearTimeout(timers.get(id)?.own);
    timers.delete(id);
  };
  const forward = (ms: number) => {
    ahead += ms;
    // By itself, the browser lets the timers of a tab that is not seen wait.
    for (const [id, timer] of [...timers].sort(([, one], [, other]) => one.due - other.due)) {
      // One that went off before may have removed it.
      if (!timers.has(id)) continue;
      own.clearTimeout(timer.own);
      if (timer.due > now()) wind(id, timer);
      else goesOff(id, timer);
    }
  };
  Object.assign(window, { setTimeout: set(false), setInterval: set(true), clearTimeout: clear, clearInterval: clear, forward });
  Date.now = () => own.date() + ahead;
  performance.now = now;
}
