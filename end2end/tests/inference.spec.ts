// Computing with a model that is on the device: the worker by itself, spoken to by a page.
import { Inference } from '../harness/inference.ts';
import { agreesWithTheReference, cancelsInTheMiddle, findsByMeaning } from '../harness/search.ts';
import { expect, MODEL, ModelPage, test } from '../harness/real.ts';

test('a model on the device finds passages by their meaning, with the server gone', async ({ server, device }) => {
  const page = await device.newPage();
  const model = await ModelPage.open(page, server);
  const { revision } = await server.manifest();
  await model.click('Download');
  await model.becomes('ready');
  const inference = await Inference.start(page);
  // Said by the program itself: it is there.
  expect(await inference.load(MODEL, '0'.repeat(40))).toMatchObject({ kind: 'failed', words: ['not-ready'] });
  await server.stop();

  await inference.post(`load ${revision} ${MODEL}`);
  const loading = await inference.until('loaded', 'failed');
  expect(loading.at(-1)).toMatchObject({ kind: 'loaded', words: ['256', '384'] });
  const progress = loading.filter(({ kind }) => kind === 'loading').map(({ words }) => Number(words[0]));
  expect(progress.length).toBeGreaterThan(10);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  await findsByMeaning(inference, 1);
  await cancelsInTheMiddle(inference, 2);
  await agreesWithTheReference(inference, 3);
  expect(await inference.load(MODEL, revision)).toMatchObject({ kind: 'failed', words: ['already-loaded'] });
  await inference.end();
});

test.describe('what cannot be computed with', () => {
  test.use({ models: [] });

  test('is named, and what is asked before is refused', async ({ server, device }) => {
    server.addFile('o/llama', 'config.json', '{"model_type": "llama"}');
    server.addFile('o/nothing', 'README.md', 'nothing');
    await server.restart();
    const page = await device.newPage();
    const load = async (id: string) => {
      const model = await ModelPage.open(page, server, id);
      await model.click('Download');
      await model.becomes('ready');
      const inference = await Inference.start(page);
      await inference.post('query 1 7 5\nearly');
      expect((await inference.until('query-failed')).at(-1)).toMatchObject({ words: ['7', 'not-loaded'] });
      return inference.load(id, (await server.manifest(id)).revision);
    };
    expect(await load('o/llama')).toMatchObject({ kind: 'failed', words: ['unsupported', 'architecture', 'llama'] });
    expect(await load('o/nothing')).toMatchObject({ kind: 'failed', words: ['missing', 'config.json'] });
  });
});

test('a worker whose program does not come says so', async ({ faultProxy, device }) => {
  device.tolerate(/inference/);
  await faultProxy.rules([{ name: 'gone', path: '/inference/', status: 503 }]);
  const page = await device.newPage();
  await ModelPage.open(page, faultProxy);
  const inference = await Inference.start(page);
  expect(await inference.load(MODEL, '0'.repeat(40))).toMatchObject({ kind: 'failed', words: expect.arrayContaining(['program']) });
});
