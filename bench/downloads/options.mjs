// The command line of ./bench/browser.
import { parseArgs } from 'node:util';

const HELP = `Usage: ./bench/browser [--no-build] [options]

Measures downloads in a real Chromium and writes the figures into docs/BENCHMARKS.md.

  --only a,c        these variants only: a, b, c, d (see docs/BENCHMARKS.md)
  --link NAME       this link only: loopback, shaped (100 Mbit/s) or gigabit (1 Gbit/s); the last two need root, for a
                    network namespace
  --rounds N        rounds; every round runs each variant once (default: 3)
  --size MIB        size of the model (default: 1024, at 100 Mbit/s 256)
  --pieces 16,32    instead: variant c with these piece sizes, in MiB, 2 rounds, on loopback unless said otherwise
  --trace DIR       also write what happened when, one file a run
  --dry             leave docs/BENCHMARKS.md alone
`;

export const MIB = 1 << 20;

/** @typedef {'loopback' | 'shaped' | 'gigabit'} Link */

/** The size of the model on each link, in MiB. @type {Record<Link, number>} */
const SIZES = { loopback: 1024, shaped: 256, gigabit: 1024 };

/**
 * What to run: a list of tables, each with its link, variants, rounds, model size and piece sizes.
 * @typedef {{ block: string, link: Link, variants: string[], rounds: number, size: number,
 *   pieces: (number | undefined)[] }} Table
 * @returns {{ tables: Table[], trace: string | undefined, dry: boolean }}
 */
export function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      size: { type: 'string' },
      link: { type: 'string' },
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
  const all = /** @type {Link[]} */ (Object.keys(SIZES));
  const links = all.filter((link) => link === (values.link ?? link));
  if (links.length === 0) throw new Error(`there is no link ${values.link}`);
  /** @type {Table[]} */
  let tables;
  if (values.pieces) {
    const pieces = values.pieces.split(',').map((piece) => number(piece, 0) * MIB);
    tables = links.slice(0, 1).map((link) => ({
      block: `pieces ${link}`,
      link,
      variants: values.only ? variants : ['c'],
      rounds: number(values.rounds, 2),
      size: number(values.size, SIZES[link]) * MIB,
      pieces,
    }));
  } else {
    tables = links.map((link) => ({
      block: link,
      link,
      variants,
      rounds: number(values.rounds, 3),
      size: number(values.size, SIZES[link]) * MIB,
      pieces: [undefined],
    }));
  }
  return { tables, trace: values.trace, dry: values.dry ?? false };
}
