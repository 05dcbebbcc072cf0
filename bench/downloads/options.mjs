// The command line of ./bench/browser.
import { parseArgs } from 'node:util';

const HELP = `Usage: ./bench/browser [--no-build] [options]

Measures downloads in a real Chromium and writes the figures into docs/BENCHMARKS.md.

  --only a,c        these variants only: a, b, c, d (see docs/BENCHMARKS.md)
  --rounds N        rounds; every round runs each variant once (default: 5, on the shaped link 3)
  --size MIB        size of the model (default: 1024, on the shaped link 256)
  --loopback        without the shaped link
  --shaped          with the shaped link only (needs root, for a network namespace)
  --pieces 16,32    instead: variant c with these piece sizes, in MiB, 2 rounds on loopback
  --trace DIR       also write what happened when, one file a run
  --dry             leave docs/BENCHMARKS.md alone
`;

export const MIB = 1 << 20;

/**
 * What to run: a list of tables, each with its link, variants, rounds, model size and piece sizes.
 * @typedef {{ block: string, link: 'loopback' | 'shaped', variants: string[], rounds: number, size: number,
 *   pieces: (number | undefined)[] }} Table
 * @returns {{ tables: Table[], trace: string | undefined, dry: boolean }}
 */
export function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      size: { type: 'string' },
      loopback: { type: 'boolean' },
      shaped: { type: 'boolean' },
      pieces: { type: 'string' },
      trace: { type: 'string' },
      dry: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const number = (/** @type {string | undefined} */ text, /** @type {number} */ otherwise) => {
    const value = text === undefined ? otherwise : Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error(`expected a whole number, not ${text}`);
    return value;
  };
  const variants = values.only?.split(',') ?? ['a', 'b', 'c', 'd'];
  const unknown = variants.find((variant) => !['a', 'b', 'c', 'd'].includes(variant));
  if (unknown) throw new Error(`there is no variant ${unknown}`);
  /** @type {Table[]} */
  const tables = [];
  if (values.pieces) {
    const pieces = values.pieces.split(',').map((piece) => number(piece, 0) * MIB);
    const link = values.shaped ? 'shaped' : 'loopback';
    tables.push({
      block: `pieces ${link}`,
      link,
      variants: values.only ? variants : ['c'],
      rounds: number(values.rounds, 2),
      size: number(values.size, values.shaped ? 256 : 1024) * MIB,
      pieces,
    });
  } else {
    const table = (/** @type {Table['link']} */ link, /** @type {number} */ rounds, /** @type {number} */ size) =>
      tables.push({
        block: link,
        link,
        variants,
        rounds: number(values.rounds, rounds),
        size: number(values.size, size) * MIB,
        pieces: [undefined],
      });
    if (!values.shaped) table('loopback', 5, 1024);
    if (!values.loopback) table('shaped', 3, 256);
  }
  return { tables, trace: values.trace, dry: values.dry ?? false };
}
