// The table of the benchmark of sentence embedding.
import { cpus } from 'node:os';

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** @param {number[]} numbers @param {number} digits */
function spread(numbers, digits) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return `${median(numbers).toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

const mib = (/** @type {number} */ bytes) => `${Math.round(bytes / (1 << 20))} MiB`;

/**
 * @param {{ version: string, rounds: number, count: number, tokens: number, firsts: { loaded: number, found: number }[],
 *   loaded: { program: number, all: number }, used: { program: number }, speeds: Map<string, number[]>, theirs: number }} found
 */
export function render({ version, rounds, count, tokens, firsts, loaded, used, speeds, theirs }) {
  const ours = median(speeds.get('ours') ?? []);
  const rows = [...speeds].map(
    ([key, all]) => `| ${key} | ${spread(all, 1)} | ${key === 'ours' ? '' : `${(ours / median(all)).toFixed(2)}x`} |`,
  );
  const date = new Date().toISOString().slice(0, 10);
  return [
    `${date}, Chromium ${version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), one thread each; ${rounds} rounds of ${count} sentences of ${tokens} tokens, median (and range).`,
    '',
    '| | sentences/s | ours to this |',
    '|---|---|---|',
    ...rows,
    '',
    `From \`new Worker\` to the loaded model: ${spread(firsts.map(({ loaded }) => loaded), 0)} ms; to the first passage found: ${spread(firsts.map(({ found }) => found), 0)} ms; the first time ${firsts[0]?.found.toFixed(0)} ms. (transformers.js, until its model is loaded, once: ${theirs.toFixed(0)} ms.)`,
    '',
    `Memory of the program: ${mib(loaded.program)} with the model loaded, ${mib(used.program)} after the texts; all processes of the browser (PSS, without files) grew by ${mib(loaded.all)} when it was loaded. The weights are 87 MiB.`,
  ].join('\n');
}
