// The benchmark: for each table, rounds in which every variant runs once, one after the other.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atExit } from './at-exit.mjs';
import { loopback, SHAPES, shaped } from './link.mjs';
import { measure } from './measure.mjs';
import { modelsOf } from './model.mjs';
import { MIB, options } from './options.mjs';
import { render, write } from './report.mjs';
import { root, Server, siteWithBench } from './server.mjs';

const { tables, trace, dry } = options();
// Beside the build: on a disk, and never committed.
const folder = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'bench');
mkdirSync(folder, { recursive: true });
const own = mkdtempSync(join(folder, 'run-'));
atExit(() => rmSync(own, { recursive: true, force: true }));
for (const table of tables) {
  const text = await run(table);
  process.stdout.write(`\n${text}\n\n`);
  if (!dry) write(table.block, text);
}

/** @param {import('./options.mjs').Table} table */
async function run({ link: kind, ...table }) {
  const models = modelsOf(folder, table.size);
  const site = await siteWithBench(mkdtempSync(join(own, 'site-')), models);
  /** @type {Map<string, import('./report.mjs').Row>} */
  const rows = new Map();
  let what = '';
  for (let round = 1; round <= table.rounds; round++) {
    for (const piece of table.pieces) {
      const shape = SHAPES[kind];
      const link = shape ? shaped(shape) : loopback();
      what = link.what;
      const place = mkdtempSync(join(own, 'server-'));
      const server = new Server({ folder: place, models, piece, listen: link.listen, inside: link.inside }, site);
      try {
        const origin = await link.open(await server.address());
        await server.ready(origin);
        const { piece_size } = await server.manifest();
        // Another order in every round: what the one before leaves behind shall not meet the same one each time.
        const order = table.variants.map((_, place) => table.variants[(place + round) % table.variants.length] ?? '');
        for (const key of order) {
          const label = `${kind}-${table.size / MIB}-${key}-${piece_size / MIB}-${round}`;
          const found = await measure(key, { folder: own, server, origin, models, size: table.size, trace, label });
          const id = `${key} ${String(piece_size).padStart(12)}`;
          const row = rows.get(id) ?? { key, piece: piece_size, runs: [] };
          row.runs.push(found);
          rows.set(id, row);
          const memory = Math.round(found.memory / MIB);
          process.stdout.write(`${label}: ${found.seconds.toFixed(2)} s, ${memory} MiB of memory\n`);
        }
      } finally {
        await server.end();
        await link.close();
      }
    }
  }
  const sorted = [...rows.keys()].sort().flatMap((id) => rows.get(id) ?? []);
  return render({ link: kind, ...table }, what, sorted);
}
