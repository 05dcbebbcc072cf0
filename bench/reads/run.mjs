// The benchmark: a model of one large file is downloaded once, then read in turns through the worker and out of the cache.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { atExit } from '../downloads/at-exit.mjs';
import { Browser } from '../downloads/browser.mjs';
import { loopback } from '../downloads/link.mjs';
import { Meter, peak } from '../downloads/meter.mjs';
import { FILE, MODEL, modelsOf } from '../downloads/model.mjs';
import { MIB } from '../downloads/options.mjs';
import { grid, median, setting, write } from '../downloads/report.mjs';
import { Server, target } from '../downloads/server.mjs';
import { sleep } from '../downloads/until.mjs';
import { Floor } from './floor.mjs';
import { inPage } from './in-page.mjs';

const HELP = `Usage: ./bench/reading [--no-build] [options]

Measures reading in a real Chromium and writes the figures into docs/BENCHMARKS.md.

  --rounds N   rounds; every round reads all of it in both ways (default: 5)
  --size MIB   size of the model (default: 1024)
  --dry        leave docs/BENCHMARKS.md alone
`;
/** Milliseconds, and bytes. @typedef {{ through: number, direct: number, joined: number, untouched: number, memory: number }} Run */
/** What is timed. @typedef {Exclude<keyof Run, 'memory'>} Way */

/** Random ranges of 1 MiB, in each round. */
const RANGES = 40;
const BARS = { speed: 0.8, range: 15, memory: 150 };

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, size: { type: 'string' }, dry: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const rounds = Number(values.rounds ?? 5);
const size = Number(values.size ?? 1024) * MIB;
if (!(Number.isInteger(rounds) && rounds >= 1 && size >= MIB)) throw new Error('expected whole numbers from 1 on');

const folder = join(target, 'bench');
mkdirSync(folder, { recursive: true });
const own = mkdtempSync(join(folder, 'run-'));
atExit(() => rmSync(own, { recursive: true, force: true }));
const link = loopback();
const server = new Server({ folder: own, models: modelsOf(folder, size), piece: undefined, listen: link.listen, inside: link.inside });
const browser = new Browser(own);
const floor = new Floor();
try {
  const origin = await link.open(await server.address());
  await server.ready(origin);
  const manifest = await (await fetch(server.manifestUrl)).json();
  /** @type {{ path: string, pieces: string[] }[]} */
  const files = manifest.files;
  const pieces = files.find(({ path }) => path === FILE)?.pieces ?? [];
  const context = await browser.connect();
  const page = await context.newPage();
  page.setDefaultTimeout(600_000);
  // The page's own engine, which writes each byte once.
  await page.addInitScript(() => {
    Reflect.deleteProperty(ServiceWorkerRegistration.prototype, 'backgroundFetch');
  });
  await page.goto(`${origin}/${MODEL}`);
  const section = page.getByTestId('download');
  await section.getByRole('button', { name: 'Download', exact: true }).click();
  await page.locator('[data-testid=download][data-state=ready]').waitFor();
  await page.evaluate(inPage, { url: `/${MODEL}/resolve/main/${FILE}`, pieces, size });
  const bare = await context.newPage();
  bare.setDefaultTimeout(600_000);
  await floor.open(bare, { size, piece: manifest.piece_size });
  await bare.evaluate(inPage, { url: `/through/joined/${pieces.length}`, pieces: [], size });
  await sleep(2_000);
  const mark = server.log().length;

  const meter = new Meter(browser.group, browser.profile);
  /** @type {Run[]} */
  const runs = [];
  /** @type {number[]} */
  const ranges = [];
  for (let round = 1; round <= rounds; round++) {
    /** @param {string} way @returns {Promise<number>} */
    const read = (way) => page.evaluate(`reading.${way}()`);
    // Another order in every round.
    const early = round % 2 ? 0 : await read('direct');
    const through = await read('through');
    const direct = early || (await read('direct'));
    // By itself, since looking at the memory of all those processes takes time from them.
    const before = meter.now.memory().all ?? 0;
    meter.memory = [];
    meter.start();
    await read('through');
    meter.stop();
    const joined = Number(await bare.evaluate('reading.through()'));
    const untouched = Number(await bare.evaluate(`reading.each(${JSON.stringify(pieces.map((_, number) => `/through/untouched/${number}`))})`));
    ranges.push(...(await page.evaluate(`reading.ranges(${RANGES})`)));
    runs.push({ through, direct, joined, untouched, memory: (peak(meter.memory).parts.all ?? 0) - before });
    process.stdout.write(`${round}: ${through.toFixed(1)} ms through the worker, ${direct.toFixed(1)} ms out of the cache\n`);
  }
  if (server.log().length > mark) throw new Error('something was read from the network');
  const text = render(runs, ranges);
  process.stdout.write(`\n${text}\n`);
  if (!values.dry) write('reading', text);
} finally {
  await browser.end();
  floor.end();
  await server.end();
  await link.close();
}

/** @param {Run[]} runs @param {number[]} ranges */
function render(runs, ranges) {
  const speed = (/** @type {number} */ ms) => `${Math.round(size / MIB / (ms / 1000)).toLocaleString('en')} MiB/s`;
  // Round by round, since what disturbs a machine disturbs what runs at about the same time.
  /** @param {Way} way */
  const ratios = (way) => runs.map((run) => run.direct / run[way]);
  /** @param {Way} way @param {string} name */
  const line = (way, name) => {
    const times = runs.map((run) => run[way]);
    return [name, `${(median(times) / 1000).toFixed(2)} s (${(Math.min(...times) / 1000).toFixed(2)}–${(Math.max(...times) / 1000).toFixed(2)})`, speed(median(times)), median(ratios(way)).toFixed(2)];
  };
  const speeds = ratios('through');
  const sorted = [...ranges].sort((one, other) => one - other);
  const memory = Math.max(...runs.map((run) => run.memory)) / 1e6;
  /** @param {boolean} met */
  const verdict = (met) => (met ? 'met' : 'missed');
  const head = setting({ size, rounds: runs.length, link: 'nothing from the network' });
  const table = grid(
    ['', 'all of it', 'speed', '/ of the cache'],
    [
      line('direct', '`caches.match(..).body` of each piece'),
      line('through', '`fetch` of the file, through the worker'),
      line('joined', 'a bare worker that joins the stored pieces'),
      line('untouched', 'a bare worker that hands each stored piece over as it is'),
    ],
  );
  const bars = [
    ['speed of the worker / of the cache', `≥ ${BARS.speed.toFixed(2)}`, `${median(speeds).toFixed(2)} (${Math.min(...speeds).toFixed(2)}–${Math.max(...speeds).toFixed(2)} round by round)`, verdict(median(speeds) >= BARS.speed)],
    [`1 MiB at a random place, median of ${ranges.length}`, `≤ ${BARS.range} ms`, `${median(ranges).toFixed(1)} ms (95 %: ${(sorted[Math.floor(sorted.length * 0.95)] ?? NaN).toFixed(1)} ms)`, verdict(median(ranges) <= BARS.range)],
    ['extra memory, worst round', `≤ ${BARS.memory} MB`, `${memory.toFixed(0)} MB`, verdict(memory <= BARS.memory)],
  ];
  return `${head}\n\n${table}\n\n${grid(['bar', '', 'measured', ''], bars)}`;
}
