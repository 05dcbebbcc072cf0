// The table of the benchmark of sentence embedding.
import { cpus } from 'node:os';
import { median } from '../downloads/report.mjs';

/** @param {number[]} numbers @param {number} digits */
function spread(numbers, digits) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return `${median(numbers).toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

/** Of all-MiniLM-L6-v2, in bytes: its file is hardly longer. */
const WEIGHTS = 90_868_376;

const mib = (/** @type {number} */ bytes) => `${Math.round(bytes / (1 << 20))} MiB`;

/**
 * @param {{ version: string, rounds: number, count: number, tokens: number, firsts: { loaded: number, found: number }[],
 *   loaded: { program: number, all: number }, used: { program: number }, speeds: Map<string, number[]>, theirs: number }} found
 */
export function render({ version, rounds, count, tokens, firsts, loaded, used, speeds, theirs }) {
  const ours = median(speeds.get('ours') ?? []);
  const peer = Math.max(...[...speeds].filter(([key]) => key !== 'ours').map(([, all]) => median(all)));
  const most = Math.max(...firsts.map(({ found }) => found));
  const beside = Math.max(loaded.program, used.program) - WEIGHTS;
  const bars = [
    ['sentences/s, ours to the best of theirs', '≥ 1.0x', `${(ours / peer).toFixed(2)}x`, ours >= peer],
    ['from `new Worker` to the first passage found, the longest', '≤ 2 s', `${(most / 1000).toFixed(2)} s`, most <= 2_000],
    ['memory of the program beside the weights', '≤ 64 MB', `${(beside / 1e6).toFixed(0)} MB`, beside <= 64e6],
  ];
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
    '| bar | | measured | |',
    '|---|---|---|---|',
    ...bars.map(([what, bar, measured, met]) => `| ${what} | ${bar} | ${measured} | ${met ? 'met' : 'missed'} |`),
    '',
    `From \`new Worker\` to the loaded model: ${spread(firsts.map(({ loaded }) => loaded), 0)} ms; to the first passage found: ${spread(firsts.map(({ found }) => found), 0)} ms; the first time ${firsts[0]?.found.toFixed(0)} ms. (transformers.js, until its model is loaded, once: ${theirs.toFixed(0)} ms.)`,
    '',
    `Memory of the program: ${mib(loaded.program)} with the model loaded, ${mib(used.program)} after the texts; all processes of the browser (PSS, without files) grew by ${mib(loaded.all)} when it was loaded. The weights are 87 MiB.`,
  ].join('\n');
}
