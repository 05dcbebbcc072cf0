// The benchmark of the server: rounds in which every server is started, measured in every row and ended.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atExit } from '../downloads/at-exit.mjs';
import { write } from '../downloads/report.mjs';
import { target } from '../downloads/server.mjs';
import { certificate, FILES, largeModel, manyModels, MODEL, warm } from './fixture.mjs';
import { options } from './options.mjs';
import { render, setting } from './report.mjs';
import { firstIndex, ROWS, SECURE_ROWS, startWithMany } from './rows.mjs';
import { start } from './servers.mjs';

const { rows, servers, rounds, dry } = options();
// Beside the build: on a disk, and never committed.
const folder = join(target, 'bench');
mkdirSync(folder, { recursive: true });
const own = mkdtempSync(join(folder, 'serving-'));
atExit(() => rmSync(own, { recursive: true, force: true }));
const models = largeModel(folder);
/** What is measured of a server, and of the same one with TLS. */
const visits = [
  { measures: ROWS, tls: undefined },
  { measures: SECURE_ROWS, tls: certificate(folder) },
].map(({ measures, tls }) => ({ measures, tls, visited: rows.filter((row) => row in measures) }));
const served = visits.flatMap(({ visited }) => visited);
/** @type {Map<string, import('./report.mjs').Runs>} */
const found = new Map(served.map((row) => [row, new Map()]));
/** @type {import('./rows.mjs').Figures[]} */
const starts = [];
/** @type {import('./rows.mjs').Figures[]} */
const indexes = [];

for (let round = 1; round <= rounds; round++) {
  const say = (/** @type {string} */ what, /** @type {object} */ figures) =>
    process.stdout.write(`round ${round}, ${what}: ${JSON.stringify(figures, shortly)}\n`);
  if (rows.includes('index')) {
    indexes.push(await firstIndex(models));
    say('first index', indexes.at(-1) ?? {});
  }
  if (rows.includes('start')) {
    starts.push(await startWithMany(manyModels(folder)));
    say('start', starts.at(-1) ?? {});
  }
  if (served.length) warm(FILES.map((name) => join(models, MODEL, name)));
  // Another order in every round: what the one before leaves behind shall not meet the same one each time.
  const order = servers.map((_, place) => servers[(place + round) % servers.length] ?? '');
  for (const name of order) {
    for (const { measures, tls, visited } of visits) {
      if (!visited.length) continue;
      const server = await start(name, models, join(own, `${name}-${round}`), tls);
      try {
        for (const row of visited) {
          const figures = await measures[row]?.(server, models);
          if (!figures) continue;
          const runs = found.get(row);
          runs?.set(name, [...(runs.get(name) ?? []), figures]);
          say(`${name}, ${row}`, figures);
        }
      } finally {
        await server.child.end();
      }
    }
  }
}
const text = `${setting(rounds, servers)}\n\n${render(found, servers, starts, indexes)}`;
process.stdout.write(`\n${text}\n`);
if (!dry) write('server', text);

/** @param {string} _ @param {unknown} value */
function shortly(_, value) {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
