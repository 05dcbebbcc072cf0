// The benchmark of sentence embedding: ours and transformers.js in one browser, in turns.
import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { atExit } from '../downloads/at-exit.mjs';
import { Browser } from '../downloads/browser.mjs';
import { Meter } from '../downloads/meter.mjs';
import { write } from '../downloads/report.mjs';
import { root, Server, target } from '../downloads/server.mjs';
import { until } from '../downloads/until.mjs';
import { render } from './report.mjs';
import { sentences } from './texts.mjs';

const HELP = `Usage: ./bench/embedding [--no-build] [options]

Measures sentence embedding in a real Chromium and writes the figures into docs/BENCHMARKS.md.

  --rounds N      rounds; every round runs each variant once (default: 5)
  --sentences N   sentences a variant and round (default: 96)
  --dry           leave docs/BENCHMARKS.md alone
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    sentences: { type: 'string', default: '96' },
    dry: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const [rounds, count] = [Number(values.rounds), Number(values.sentences)];
if (!(Number.isInteger(rounds) && rounds >= 1 && Number.isInteger(count) && count >= 1)) throw new Error('expected whole numbers from 1 on');

const MODEL = 'sentence-transformers/all-MiniLM-L6-v2';
const TOKENS = 64;
/** Theirs is measured with several sizes of batches, since it depends on them. */
const BATCHES = [1, 8, 32];

mkdirSync(join(target, 'bench'), { recursive: true });
const own = mkdtempSync(join(target, 'bench', 'run-'));
atExit(() => rmSync(own, { recursive: true, force: true }));

/** By hard links. @param {string} from @param {string} to */
function link(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (statSync(join(from, name)).isDirectory()) link(join(from, name), join(to, name));
    else linkSync(join(from, name), join(to, name));
  }
}

/** What the pages of the benchmark load, beside the site. @param {string} assets */
function putAssets(assets) {
  cpSync(fileURLToPath(new URL('site', import.meta.url)), assets, { recursive: true });
  const packages = join(root, 'end2end/clients/node_modules');
  cpSync(join(packages, '@huggingface/transformers/dist/transformers.min.js'), join(assets, 'transformers.min.js'));
  const runtime = join(packages, 'onnxruntime-web/dist');
  for (const name of readdirSync(runtime).filter((name) => name.startsWith('ort-wasm-simd-threaded.'))) {
    cpSync(join(runtime, name), join(assets, name));
  }
  const model = join(assets, 'models', 'minilm');
  mkdirSync(join(model, 'onnx'), { recursive: true });
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
    cpSync(join(root, 'models', MODEL, name), join(model, name));
  }
  linkSync(join(target, 'onnx/all-MiniLM-L6-v2/onnx/model.onnx'), join(model, 'onnx', 'model.onnx'));
}

const models = join(own, 'models');
link(join(root, 'models', MODEL), join(models, MODEL));
const place = join(own, 'server');
putAssets(join(place, 'site', 'assets', 'inference-bench'));
const server = new Server({ folder: place, models, piece: undefined, listen: '127.0.0.1:0', inside: [] });
const origin = `http://${await server.address()}`;
const manifest = `${origin}/api/models/${MODEL}/manifest/main`;
await until('the model to be in the catalogue', async () => (await fetch(manifest)).ok, 300_000);
const { revision } = await (await fetch(manifest)).json();

const browser = new Browser(own);
try {
  const context = await browser.connect();
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  await page.goto(`${origin}/${MODEL}`);
  await page.bringToFront();
  await page.getByTestId('download').getByRole('button', { name: 'Download', exact: true }).click();
  await until('the model to be ready', async () => (await page.getByTestId('download').getAttribute('data-state')) === 'ready', 300_000);
  await page.goto(`${origin}/assets/inference-bench/page.html`);
  page.on('pageerror', (error) => process.stderr.write(`${error.stack}\n`));
  /** @type {<R>(name: string, ...values: unknown[]) => Promise<R>} */
  const ask = (name, ...values) =>
    page.evaluate(
      // @ts-expect-error: made by the page.
      ({ name, values }) => globalThis.bench[name](...values),
      { name, values },
    );

  /** @type {{ loaded: number, found: number }[]} */
  const firsts = [];
  for (let round = 0; round < rounds; round++) firsts.push(await ask('first', MODEL, revision));

  const meter = new Meter(browser.group, browser.profile);
  const before = meter.now.memory().all ?? 0;
  await ask('startOurs', MODEL, revision);
  const loaded = { program: await ask('memoryOfOurs'), all: (meter.now.memory().all ?? 0) - before };
  const texts = sentences(count, TOKENS);
  /** @type {Map<string, number[]>} sentences a second */
  const speeds = new Map();
  const theirs = await ask('startTheirs', 'minilm');
  // Both compile what is used often while they work: what that costs is not measured.
  await ask('embedWithOurs', texts.slice(0, 16));
  for (const batch of BATCHES) await ask('embedWithTheirs', texts.slice(0, 32), batch);
  for (let round = 0; round < rounds; round++) {
    const note = (/** @type {string} */ key, /** @type {number} */ ms) => {
      const speed = (1000 * count) / ms;
      speeds.set(key, [...(speeds.get(key) ?? []), speed]);
      process.stdout.write(`${key}, round ${round + 1}: ${speed.toFixed(1)} sentences/s\n`);
    };
    const ours = await ask('embedWithOurs', texts);
    if (ours.passages !== count) throw new Error(`${count} sentences became ${ours.passages} passages`);
    note('ours', ours.ms);
    for (const batch of BATCHES) {
      const { ms, tokens } = await ask('embedWithTheirs', texts, batch);
      if (tokens !== TOKENS) throw new Error(`a sentence has ${tokens} tokens`);
      note(`transformers.js, ${batch} at a time`, ms);
    }
  }
  const used = { program: await ask('memoryOfOurs') };
  const text = render({ version: context.browser()?.version() ?? '', rounds, count, tokens: TOKENS, firsts, loaded, used, speeds, theirs });
  process.stdout.write(`\n${text}\n\n`);
  if (!values.dry) write('embedding', text);
} finally {
  await browser.end();
  await server.end();
}
