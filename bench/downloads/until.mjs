// Waiting for a condition.

export const sleep = (/** @type {number} */ ms) => new Promise((wake) => setTimeout(wake, ms));

/**
 * Asks until the answer is true-ish.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} ask
 * @param {number} [timeout] ms
 */
export async function until(what, ask, timeout = 60_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms in vain: ${what}`);
    await sleep(50);
  }
}
