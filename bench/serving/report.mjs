// The table of a run, with its bars.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { grid, machine, median } from '../downloads/report.mjs';
import { program, target } from '../downloads/server.mjs';

/** @typedef {import('./rows.mjs').Figures} Figures */
/** @typedef {Map<string, Figures[]>} Runs of one row, by server */

const MIB = 1 << 20;
const mib = (/** @type {number} */ bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
const fixed = (/** @type {number} */ digits, /** @type {string} */ unit) => (/** @type {number} */ value) => `${value.toFixed(digits)} ${unit}`;

/** A line: which figure of which row, how it is written, and the bar: the most (or, with `least`, the least) that it may
 * be, as a multiple of nginx's or by itself. */
const LINES = [
  { row: 'one', figure: 'cpu', what: 'one client, 1 GiB: processor time', write: fixed(3, 's/GB'), times: 1 },
  { row: 'one', figure: 'rate', what: 'one client, 1 GiB: speed', write: fixed(2, 'GB/s'), times: 1, least: true },
  { row: 'ranges', figure: 'cpu', what: '64 connections, 1 MiB ranges: processor time', write: fixed(3, 's/GB'), times: 1 },
  { row: 'pieces', figure: 'cpu', what: '64 connections, 32 MiB pieces: processor time', write: fixed(3, 's/GB'), times: 1 },
  { row: 'head', figure: 'cpu', what: 'HEAD, 64 connections: processor time', write: fixed(1, 'µs'), times: 1.25 },
  { row: 'tls1', figure: 'cpu', what: 'TLS 1.3, HTTP/1.1, 1 GiB: processor time', write: fixed(3, 's/GB'), times: 0.7 },
  { row: 'tls2', figure: 'cpu', what: 'TLS 1.3, HTTP/2, 1 GiB: processor time', write: fixed(3, 's/GB'), times: 0.7 },
  { row: 'slow', figure: 'rss', what: '256 slow clients of 1 GiB: memory (RSS)', write: mib, times: 1 },
  { row: 'slow', figure: 'pss', what: '256 slow clients of 1 GiB: memory (PSS)', write: mib },
  { row: 'idle', figure: 'rss', what: '10,000 idle connections: memory (RSS)', write: mib, times: 2 },
  { row: 'idle', figure: 'pss', what: '10,000 idle connections: memory (PSS)', write: mib },
  { row: 'warm', figure: 'p99', what: 'a neighbour of 3 downloads, in memory: p99', write: fixed(1, 'ms'), most: 15 },
  { row: 'cold', figure: 'p99', what: 'a neighbour of 3 downloads, on disk: p99', write: fixed(1, 'ms'), most: 30 },
];

/** @param {Map<string, Runs>} found @param {string[]} servers @param {Figures[]} starts @param {Figures[]} indexes */
export function render(found, servers, starts, indexes) {
  const rows = LINES.flatMap((line) => {
    const runs = found.get(line.row);
    if (!runs) return [];
    const value = (/** @type {string} */ server) => median((runs.get(server) ?? []).map((run) => run[line.figure] ?? NaN));
    const ours = value('modelferry');
    const ratio = ours / value('nginx');
    const cells = servers.map((server) => line.write(value(server)));
    return [[line.what, ...cells, `${ratio.toFixed(2)}×`, ...verdict(line, ours, ratio)]];
  });
  const table = grid(['', ...servers, 'modelferry / nginx', 'bar', ''], rows);
  return [table, ...others(starts, indexes)].join('\n\n');
}

/** @param {{ times?: number, most?: number, least?: boolean }} line @param {number} ours @param {number} ratio */
function verdict({ times, most, least }, ours, ratio) {
  if (times === undefined && most === undefined) return ['', ''];
  const [value, bar] = times === undefined ? [ours, most ?? NaN] : [ratio, times];
  const met = least ? value >= bar : value <= bar;
  return [`${least ? '≥' : '≤'} ${times === undefined ? `${bar} ms` : `${Number.isInteger(bar) ? bar.toFixed(1) : bar}×`}`, met ? 'met' : 'missed'];
}

/** @param {Figures[]} starts @param {Figures[]} indexes */
function others(starts, indexes) {
  const rows = [];
  const of = (/** @type {Figures[]} */ runs, /** @type {string} */ key) => median(runs.map((run) => run[key] ?? NaN));
  if (starts.length) {
    const seconds = of(starts, 'seconds');
    rows.push(['start with 10,000 files known, 1 TB', `${seconds.toFixed(2)} s`, '≤ 1 s', seconds <= 1 ? 'met' : 'missed']);
  }
  if (indexes.length) {
    const [seconds, sum] = [of(indexes, 'seconds'), of(indexes, 'sha256sum')];
    const what = `first index of 4 GiB, beside ${sum.toFixed(1)} s of sha256sum on all cores`;
    rows.push([what, `${seconds.toFixed(1)} s`, '≤ 1.2×', seconds <= 1.2 * sum ? 'met' : 'missed']);
    rows.push(['memory at most, meanwhile', mib(of(indexes, 'peak')), '', '']);
  }
  return rows.length ? [grid(['', 'modelferry', 'bar', ''], rows)] : [];
}

/** When, where and with what. @param {number} rounds @param {string[]} servers */
export function setting(rounds, servers) {
  const version = (/** @type {string} */ command, /** @type {string} */ flag) =>
    // nginx prints it to its standard error.
    execFileSync('sh', ['-c', `"$0" ${flag} 2>&1`, command], { encoding: 'utf8' }).trim().split('\n')[0]?.replace('nginx version: ', '') ?? '';
  const sws = join(target, 'bench', 'tools', 'bin', 'static-web-server');
  /** @type {Record<string, () => string>} */
  const of = {
    modelferry: () => version(program, '--version'),
    nginx: () => version('nginx', '-v'),
    sws: () => `static-web-server ${version(sws, '--version').split(' ').at(-1)}`,
  };
  const versions = [...servers.map((name) => of[name]?.() ?? name), version('sha256sum', '--version')];
  return `${new Date().toISOString().slice(0, 10)} · medians of ${rounds} rounds · ${versions.join(' · ')} · ${machine()}`;
}
