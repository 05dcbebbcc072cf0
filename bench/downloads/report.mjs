// Turns runs into tables, and puts them into docs/BENCHMARKS.md between the marks that are there.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { chromiumProgram } from './browser.mjs';
import { MIB } from './options.mjs';
import { program, root } from './server.mjs';
import { VARIANTS } from './variants.mjs';

const DOCUMENT = join(root, 'docs', 'BENCHMARKS.md');

/** @typedef {import('./measure.mjs').Run} Run */
/** @typedef {{ key: string, piece: number, runs: Run[] }} Row */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 ? high : (low + high) / 2;
}

/** What it was measured on. The kernel's own name for itself says nothing beyond its version. */
export function machine() {
  const [kernel] = /^\d+\.\d+/.exec(release()) ?? [''];
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${kernel}`;
}

const mib = (/** @type {number} */ bytes) => `${Math.round(bytes / MIB).toLocaleString('en')} MiB`;

/** @param {Row} row @param {(run: Run) => number} what */
const of = (row, what) => median(row.runs.map(what));

/** @param {Row} row */
function cells(row) {
  const seconds = row.runs.map((run) => run.seconds);
  const range = `${of(row, (run) => run.seconds).toFixed(1)} s (${Math.min(...seconds).toFixed(1)}–${Math.max(...seconds).toFixed(1)})`;
  return [
    range,
    `${of(row, (run) => run.processor).toFixed(1)} s`,
    mib(of(row, (run) => run.wire)),
    String(of(row, (run) => run.requests)),
    mib(of(row, (run) => run.memory)),
    mib(of(row, (run) => run.diskPeak)),
    mib(of(row, (run) => run.diskAfter)),
  ];
}

const HEADS = ['click to ready', 'processor time', 'on the wire', 'requests', 'extra memory', 'disk, peak', 'disk, after'];

/** @param {string[]} heads @param {string[][]} lines */
export function grid(heads, lines) {
  const line = (/** @type {string[]} */ words) => `| ${words.join(' | ')} |`;
  return [line(heads), line(heads.map((_, column) => (column ? '---:' : '---'))), ...lines.map(line)].join('\n');
}

/** @typedef {'seconds' | 'processor'} Compared */

/** What is compared: the figure, of which way, with that of which other one, and how many times that it may be. */
/** @type {[Compared, string, string, number][]} */
const RATIOS = [
  ['seconds', 'c', 'a', 1.05],
  ['seconds', 'd', 'b', 1.05],
  ['processor', 'c', 'b', 2],
  ['processor', 'd', 'b', 2],
];

/** A line for a ratio; none if one of the two ways was not measured. @param {Row[]} rows @param {typeof RATIOS[number]} bar */
function ratio(rows, [what, first, second, most]) {
  const [one, other] = [rows.find((row) => row.key === first), rows.find((row) => row.key === second)];
  if (!one || !other) return [];
  const value = of(one, (run) => run[what]) / of(other, (run) => run[what]);
  // Round by round, since what disturbs a machine disturbs what runs at about the same time.
  const ratios = one.runs.map((run, round) => run[what] / (other.runs[round]?.[what] ?? NaN));
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)} round by round`;
  const name = { seconds: 'time', processor: 'processor time' }[what];
  const verdict = value <= most ? 'met' : 'missed';
  return [`| ${name} (${first}) / (${second}) | ≤ ${most.toFixed(2)} | ${value.toFixed(2)} (${spread}) | ${verdict} |`];
}

/** The bars, and whether these runs are within them. @param {Row[]} rows */
function bars(rows) {
  const memory = rows.filter((row) => !VARIANTS[row.key]?.plain).map((row) => {
    const extra = Math.max(...row.runs.map((run) => run.memory)) / 1e6;
    return `| extra memory of (${row.key}), worst run | ≤ 150 MB | ${extra.toFixed(0)} MB | ${extra <= 150 ? 'met' : 'missed'} |`;
  });
  return [
    '| bar | | measured | |',
    '| --- | ---: | ---: | --- |',
    ...RATIOS.flatMap((bar) => ratio(rows, bar)),
    ...memory,
  ].join('\n');
}

/** @param {{ size: number, rounds: number, link: string }} setting */
export function setting({ size, rounds, link }) {
  const first = (/** @type {string} */ command, /** @type {string[]} */ args) =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split('\n')[0] ?? '';
  const versions = [first(chromiumProgram(), ['--version']), first(program, ['--version']), `Node.js ${process.version}`];
  const date = new Date().toISOString().slice(0, 10);
  return `${date} · ${mib(size)} · ${link} · ${rounds} rounds · ${versions.join(' · ')} · ${machine()}`;
}

/**
 * @param {import('./options.mjs').Table} table
 * @param {string} link
 * @param {Row[]} rows
 */
export function render(table, link, rows) {
  const head = setting({ ...table, link });
  if (table.block.startsWith('pieces')) {
    const lines = rows.map((row) => [`(${row.key})`, mib(row.piece), ...cells(row)]);
    return `${head}\n\n${grid(['', 'piece', ...HEADS], lines)}`;
  }
  const lines = rows.map((row) => [`(${row.key}) ${VARIANTS[row.key]?.name}`, ...cells(row)]);
  const figures = `${head}\n\n${grid(['', ...HEADS], lines)}`;
  // Without a line that is slower than the browser, it is the machine that is measured.
  return table.link === 'loopback' ? figures : `${figures}\n\n${bars(rows)}`;
}

/** Replaces what is between the marks of a block. @param {string} block @param {string} text */
export function write(block, text) {
  const document = readFileSync(DOCUMENT, 'utf8');
  const [open, close] = [`<!-- begin: ${block} -->`, `<!-- end: ${block} -->`];
  const [start, end] = [document.indexOf(open), document.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`docs/BENCHMARKS.md has no block "${block}"`);
  writeFileSync(DOCUMENT, `${document.slice(0, start + open.length)}\n${text}\n${document.slice(end)}`);
}
