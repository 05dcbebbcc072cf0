// Writes the results of the fault tests (target/faults.jsonl) into the generated block of docs/FAULTS.md. Lines of tests
// that did not run stay, so that you can measure one row alone; --anew removes them. With --check it writes nothing, and
// fails if a row of the table has no measured line.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const table = join(root, 'docs', 'FAULTS.md');
const results = join(root, 'target', 'faults.jsonl');
const BEGIN = '<!-- measured: written by scripts/faults-table.mjs -->\n';
const END = '<!-- end of measured -->';
const HEAD = '| | fault | engine | ended | faults | waste | what the user was told |\n|---|---|---|---|---|---|---|\n';

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The first three cells say which test it is. */
function line({ number, fault, engine, ended = 'ready', clicks, faults, waste, sentences }) {
  const end = clicks.length > 0 ? `${ended} after ${clicks.map((click) => `“${click}”`).join(', ')}` : `${ended} by itself`;
  const cost = waste === undefined ? '–' : (waste / 1024).toFixed(0);
  const told = sentences.length > 0 ? sentences.map((sentence) => `“${sentence}”`).join(' · ') : '–';
  return `| ${[number, fault, engine, end, faults ?? '–', cost, told].map(cell).join(' | ')} |`;
}

const key = (line) => line.split(' | ').slice(0, 3).join(' | ');

const text = readFileSync(table, 'utf8');
const begin = text.indexOf(BEGIN) + BEGIN.length;
const end = text.indexOf(END);
if (begin < BEGIN.length || end < begin) throw new Error(`${table} has no block to write to`);

if (process.argv.includes('--check')) {
  const rows = text.slice(0, begin).matchAll(/^\| (\d+) \|/gm);
  const measured = new Set([...text.slice(begin, end).matchAll(/^\| (\d+) \|/gm)].map((match) => match[1]));
  const missing = [...rows].map((match) => match[1]).filter((row) => !measured.has(row));
  if (missing.length > 0) {
    console.log(`not measured: ${missing.join(', ')}`);
    process.exitCode = 1;
  }
} else {
  const kept = process.argv.includes('--anew') ? [] : text.slice(begin, end).match(/^\| \d.*$/gm) ?? [];
  const lines = new Map(kept.map((line) => [key(line), line]));
  const measured = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : [];
  for (const json of measured.filter(Boolean)) {
    const one = line(JSON.parse(json));
    lines.set(key(one), one);
  }
  const order = (line) => Number(line.match(/^\| (\d+)/)[1]);
  const sorted = [...lines.values()].sort((a, b) => order(a) - order(b) || key(a).localeCompare(key(b)));
  writeFileSync(table, `${text.slice(0, begin)}${HEAD}${sorted.map((line) => `${line}\n`).join('')}${text.slice(end)}`);
  console.log(`${sorted.length} lines in ${table}`);
}
