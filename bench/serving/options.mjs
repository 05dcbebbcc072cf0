// The command line of ./bench/server.
import { parseArgs } from 'node:util';

const HELP = `Usage: ./bench/server [--no-build] [options]

Measures the server beside nginx and static-web-server and writes the figures into docs/BENCHMARKS.md.

  --only a,b        these rows only: one, ranges, pieces, head, slow, idle, warm, cold, tls1, tls2,
                    start, index
  --servers a,b     these servers only: modelferry, nginx, sws
  --rounds N        rounds; every round measures each server once (default: 5)
  --dry             leave docs/BENCHMARKS.md alone
`;

export const ROWS = ['one', 'ranges', 'pieces', 'head', 'slow', 'idle', 'warm', 'cold', 'tls1', 'tls2', 'start', 'index'];
export const SERVERS = ['nginx', 'modelferry', 'sws'];

export function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      servers: { type: 'string' },
      rounds: { type: 'string' },
      dry: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const rounds = Number(values.rounds ?? 5);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`expected a whole number, not ${values.rounds}`);
  return {
    rows: some(values.only, ROWS, 'row'),
    servers: some(values.servers, SERVERS, 'server'),
    rounds,
    dry: values.dry ?? false,
  };
}

/** @param {string | undefined} text @param {string[]} all @param {string} what */
function some(text, all, what) {
  const names = text?.split(',') ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown) throw new Error(`there is no ${what} ${unknown}`);
  return names;
}
