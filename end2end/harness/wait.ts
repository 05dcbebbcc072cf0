// Waiting for a condition, never for a time.

/** Asks until the answer is true-ish; throws with `what` after `timeout` ms. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  { timeout = 30_000, interval = 50 }: { timeout?: number; interval?: number } = {},
): Promise<NonNullable<T>> {
  const end = Date.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${timeout} ms in vain: ${what}`, { cause: last });
    await new Promise((wake) => setTimeout(wake, interval));
  }
}
