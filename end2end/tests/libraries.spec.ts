// Libraries that nobody here wrote find a model on the device, with the server gone: npm packages as they are, in a page of
// this origin that is not ours. What they compute is compared with what the same library computes from the disk.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Chromium } from '../engines/chromium.ts';
import type { Driver, EngineName, Launch } from '../engines/driver.ts';
import { Firefox } from '../engines/firefox.ts';
import { Model } from '../engines/model.ts';
import { WebKit } from '../engines/webkit.ts';
import { LIBRARIES, readmeSnippets, runModule, siteWithLibraries } from '../harness/libraries.ts';
import { onnxModel, root } from '../harness/paths.ts';
import { controlled } from '../harness/reading.ts';
import { expect, MODEL, type Server, test as base, until } from '../harness/real.ts';

const ENGINES: Record<EngineName, Launch> = { chromium: Chromium.launch, firefox: Firefox.launch, webkit: WebKit.launch };
const ONNX = 'onnx/model.onnx';
const RUNTIME = `${LIBRARIES}/onnxruntime-web/ort-wasm-simd-threaded`;
const SENTENCES = ['A ferry crosses the river.', 'The boat takes us to the other bank.', 'Bread is baked in an oven.'];

const test = base.extend<{ engine: EngineName; browserPage: Driver }>({
  engine: ['chromium', { option: true }],

  /** A page with the libraries, and with the model on the device. */
  browserPage: async ({ server, shared, engine }, use, info) => {
    server.build = { ...server.build, site: await siteWithLibraries(server, info.outputPath('libraries')) };
    await server.restart();
    server.linkFile(MODEL, ONNX, onnxModel);
    await until('the server to have it', async () => (await server.manifest()).files.some(({ path }) => path === ONNX));
    const driver = await ENGINES[engine](shared);
    try {
      const model = new Model(driver);
      await model.open(server);
      await model.click('Download');
      await model.becomes('ready');
      await driver.open(`${server.url}${LIBRARIES}/page.html`);
      await controlled(driver);
      await use(driver);
    } finally {
      await driver.dispose();
    }
  },
});

// In one worker of the test runner, which computes what is expected once.
test.describe.configure({ mode: 'default' });

let vectors: Promise<number[][]> | undefined;

/** What the same library computes in Node.js, from the folder. */
function expected(server: Server): Promise<number[][]> {
  return (vectors ??= compute(server));
}

async function compute(server: Server): Promise<number[][]> {
  const program = join(root, 'end2end/clients/embed.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [program, MODEL, `${server.models}/`, ...SENTENCES], { maxBuffer: 16 << 20 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

/** Of vectors of length 1. */
function similarity(one: number[], other: number[]): number {
  return one.reduce((sum, value, i) => sum + value * other[i]!, 0);
}

function expectSame(found: number[][], expected: number[][]): void {
  expect(found.length).toBe(expected.length);
  for (const [n, vector] of found.entries()) {
    expect(vector.length).toBe(384);
    expect(similarity(vector, expected[n]!)).toBeGreaterThan(1 - 1e-5);
  }
}

/** A library itself is no model: its own program is there before the server goes. */
function fetchRuntime(page: Driver, library: string, runtime: string): Promise<void> {
  return page.evaluate(
    async ([library, runtime]) => {
      const { env } = await import(library!);
      const { wasm } = env.backends?.onnx ?? env;
      await import(`${runtime}.mjs`);
      wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
      wasm.wasmBinary = await (await fetch(`${runtime}.wasm`)).arrayBuffer();
      wasm.numThreads = 1;
    },
    [library, runtime],
  );
}

test('the README has three snippets', () => {
  expect(readmeSnippets().map((snippet) => snippet.split('\n')[0])).toEqual([
    expect.stringContaining('fetch('),
    expect.stringContaining("from '@huggingface/transformers'"),
    expect.stringContaining("from 'onnxruntime-web'"),
  ]);
});

for (const engine of Object.keys(ENGINES) as EngineName[]) {
  test.describe(engine, () => {
    test.use({ engine });

    test('transformers.js loads a model and computes with it, as the README says, offline', async ({ server, browserPage: page }) => {
      const reference = await expected(server);
      await fetchRuntime(page, '@huggingface/transformers', `${RUNTIME}.asyncify`);
      const mark = server.mark();
      await server.stop();
      expect(await runModule(page, readmeSnippets()[0]!, 'config', 'config.hidden_size')).toBe(384);
      const [, snippet] = readmeSnippets();
      expect(snippet).toContain(SENTENCES[0]);
      const text = snippet!.replace(`['${SENTENCES[0]}']`, JSON.stringify(SENTENCES));
      const found = await runModule<number[][]>(page, text, 'vectors', 'vectors.tolist()');
      expectSame(found, reference);
      expect(similarity(found[0]!, found[1]!)).toBeGreaterThan(similarity(found[0]!, found[2]!) + 0.2);
      expect(server.log(mark)).toEqual([]);
    });

    test('ONNX Runtime loads a file by its URL and computes with it, as the README says, offline', async ({ server, browserPage: page }) => {
      const [reference] = await expected(server);
      const { vocab } = JSON.parse(readFileSync(join(server.models, MODEL, 'tokenizer.json'), 'utf8')).model;
      const tokens: number[] = ['[CLS]', 'a', 'ferry', 'crosses', 'the', 'river', '.', '[SEP]'].map((token) => vocab[token]);
      await fetchRuntime(page, 'onnxruntime-web', RUNTIME);
      await server.stop();
      const snippet = `${readmeSnippets()[2]}
const tokens = ${JSON.stringify(tokens)};
const tensor = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, tokens.length]);
const same = (value) => tensor(tokens.map(() => value));
const output = await session.run({ input_ids: tensor(tokens), attention_mask: same(1), token_type_ids: same(0) });`;
      const found = await runModule<number[]>(page, snippet, 'output', 'Array.from(output.last_hidden_state.data)');
      const mean = Array.from({ length: 384 }, (_, i) => tokens.reduce((sum, _, row) => sum + found[row * 384 + i]!, 0));
      const norm = Math.hypot(...mean);
      expectSame([mean.map((value) => value / norm)], [reference!]);
    });
  });
}
