// The service worker by itself.
import { bystander, expect, ModelPage, test } from '../harness/test.ts';

test('a new worker removes the stores of other versions, and leaves those of others alone', async ({ server, device }) => {
  const witness = await bystander(server, device);
  const names = () => witness.evaluate(async () => (await caches.keys()).sort());
  await witness.evaluate(async () => {
    await (await caches.open('modelferry-pieces-0')).put('/pieces/old', new Response('old'));
    await (await caches.open('another-program')).put('/kept', new Response('kept'));
  });
  await ModelPage.open(await device.newPage(), server);
  await expect.poll(names).not.toContain('modelferry-pieces-0');
  expect(await names()).toContain('another-program');
});

test('a new worker removes pieces that belong to no model', async ({ server, device }) => {
  const witness = await bystander(server, device);
  const orphan = `/pieces/${'a'.repeat(64)}`;
  await witness.evaluate(async (orphan) => {
    await (await caches.open('modelferry-pieces-1')).put(orphan, new Response('left over'));
  }, orphan);
  await ModelPage.open(await device.newPage(), server);
  const there = () =>
    witness.evaluate(async (orphan) => Boolean(await (await caches.open('modelferry-pieces-1')).match(orphan)), orphan);
  await expect.poll(there).toBe(false);
});
