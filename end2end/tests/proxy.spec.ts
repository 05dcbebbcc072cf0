// The means of the other tests: the proxy between browser and server does what it is told, and counts right.
import { bystander, expect, expectedDigests, MODEL, ModelPage, storedFiles, test, until } from '../harness/test.ts';

test('a download through a slow link is counted to the byte', async ({ server, faultProxy, device }) => {
  const pieces = (await server.manifest()).files.reduce((sum, file) => sum + file.size, 0);
  await faultProxy.rules([{ name: 'slow', path: '/pieces/', bytes_per_second: 5_000_000 }]);
  const model = await ModelPage.open(await device.newPage(), faultProxy);
  const mark = await faultProxy.mark();
  await model.click('Download');

  const open = await until('a piece to be under way', async () =>
    (await faultProxy.log(mark)).find(
      (request) => request.path.startsWith('/pieces/') && request.ended === 'open' && request.bytes > 0,
    ),
  );
  expect(open.faults).toEqual(['slow']);
  await model.becomes('ready');

  const log = (await faultProxy.log(mark)).filter((request) => request.path.startsWith('/pieces/'));
  expect(log.filter((request) => request.ended !== 'complete' || request.status !== 200)).toEqual([]);
  expect(await faultProxy.pieceBytes(mark)).toBe(pieces);
  const files = await storedFiles(await bystander(faultProxy, device), server, MODEL);
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
});

test('a server that is down is refused, and is back at the same address', async ({ faultProxy }) => {
  const ask = () => fetch(`${faultProxy.url}/healthz`);
  const { url } = faultProxy;
  expect((await ask()).status).toBe(200);
  await faultProxy.down();
  await expect(ask()).rejects.toThrow();
  await faultProxy.up();
  expect(faultProxy.url).toBe(url);
  expect((await ask()).status).toBe(200);

  await faultProxy.rules([{ path: '/healthz', status: 503, headers: { 'retry-after': '1' }, times: 1 }]);
  const busy = await ask();
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await ask()).status).toBe(200);
  expect(await faultProxy.used()).toMatchObject([{ matched: 2, used: 1 }]);
  await expect(faultProxy.rules([{ path: '/healthz' }])).rejects.toThrow('rule 0: has no fault');
});
