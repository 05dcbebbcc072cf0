// What must not be left behind, however the benchmark ends: processes, namespaces, folders.

/** @type {Set<() => void>} */
const works = new Set();

process.once('exit', () => {
  // The latest first: a process ends before the folder it writes to is removed.
  for (const work of [...works].reverse()) work();
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.once(signal, () => process.exit(130));

/**
 * Does something at the end of this program, unless it is called off with what this returns.
 * @param {() => void} work must not wait for anything
 */
export function atExit(work) {
  works.add(work);
  return () => works.delete(work);
}
