// The fixtures: a server with a model, a proxy in front of it for tests that want faults, and a device with a browser. Server
// and proxy are new for every test and are ended with it; the browser may have served another test before, of which nothing is
// left. What they said stays in `results` if the test fails, and a page that complained fails its test.
import { writeFileSync } from 'node:fs';
import { test as base, expect, type TestInfo } from '@playwright/test';
import { Device, type Kind } from './device.ts';
import { quiet } from './faults.ts';
import { MADE, type TestModel } from './models.ts';
import { FaultProxy } from './proxy.ts';
import { Server } from './server.ts';
import { SharedBrowser } from './shared-browser.ts';

interface Options {
  /** What the server has. */
  payload: TestModel;
  /** Ids under which it is put into the server's folder before that starts; its own, unless said otherwise. */
  models: string[] | undefined;
  /** Additional flags for the server. */
  serverFlags: string[];
  /** Additional flags for Chromium. */
  flags: string[];
  /** What else is special about the device. */
  kind: Kind;
}

interface Fixtures {
  server: Server;
  /** In front of `server`: a test that asks for it opens its pages there. */
  faultProxy: FaultProxy;
  /** The same, not started. */
  idleProxy: FaultProxy;
  device: Device;
}

export const test = base.extend<Fixtures & Options, { shared: SharedBrowser }>({
  payload: [MADE, { option: true }],
  models: [undefined, { option: true }],
  serverFlags: [[], { option: true }],
  flags: [[], { option: true }],
  kind: [{}, { option: true }],

  server: async ({ payload, models, serverFlags }, use, info) => {
    const server = new Server(info.outputPath('server'), payload, serverFlags);
    try {
      for (const id of models ?? [payload.id]) server.addModel(id);
      await server.start();
      await use(server);
    } finally {
      if (failed(info)) keep(info, 'server.log', server.output);
      await server.stop();
    }
  },

  idleProxy: async ({ server: _ }, use, info) => {
    const proxy = new FaultProxy();
    try {
      await use(proxy);
    } finally {
      if (failed(info) && proxy.started) await keepPassed(info, proxy);
      await proxy.stop();
    }
  },

  // Not called `proxy`, which is an option of Playwright's own.
  faultProxy: async ({ server, idleProxy }, use) => {
    await idleProxy.start(server);
    await use(idleProxy);
  },

  shared: [
    async ({}, use) => {
      const shared = new SharedBrowser();
      await use(shared);
      await shared.end();
    },
    { scope: 'worker' },
  ],

  // Depends on the server and on the proxy, started or not, so that it is ended first.
  device: async ({ idleProxy, shared, flags, kind }, use, info) => {
    const special = flags.length > 0 || Object.keys(kind).length > 0;
    const device = special ? new Device({ flags, ...kind, own: true }) : await shared.take();
    let good = false;
    try {
      if (special) await device.launch();
      await use(device);
      expect(device.problems(), 'warnings and errors of pages and workers').toEqual([]);
      good = !failed(info);
    } finally {
      if (!good) await keepPages(info, device);
      if (special) await device.dispose();
      else if (good) await shared.giveBack();
      else await shared.end();
    }
    // A request that a rule holds back does not end before that, whoever has gone.
    if (idleProxy.started) await quiet(idleProxy, '/pieces/');
  },
});

function failed(info: TestInfo): boolean {
  return info.status !== info.expectedStatus;
}

function keep(info: TestInfo, name: string, text: string): void {
  writeFileSync(info.outputPath(name), `${text}\n`);
}

/** The proxy's own log, one request a line. */
async function keepPassed(info: TestInfo, proxy: FaultProxy): Promise<void> {
  const requests = await proxy.log().catch((error) => [String(error)]);
  keep(info, 'proxy.log', [proxy.output, ...requests.map((request) => JSON.stringify(request))].join('\n'));
}

async function keepPages(info: TestInfo, device: Device): Promise<void> {
  keep(info, 'browser.log', device.output);
  keep(info, 'problems.log', device.problems().join('\n'));
  for (const [number, page] of device.pages().entries()) {
    try {
      await page.screenshot({ path: info.outputPath(`page-${number}.png`), fullPage: true, timeout: 5_000 });
      const text = await page.locator('body').ariaSnapshot({ timeout: 5_000 });
      keep(info, `page-${number}.txt`, `${page.url()}\n\n${text}`);
    } catch (error) {
      keep(info, `page-${number}.txt`, `no picture: ${error}`);
    }
  }
}

export { expect };
export const MODEL = MADE.id;
export const PIECE = MADE.piece;
export const expectedDigests = MADE.digests;
export { ModelPage } from './model-page.ts';
export type { Server } from './server.ts';
export type { Device } from './device.ts';
export type { FaultProxy, Passed, Rule } from './proxy.ts';
export { bystander, storedFiles, storedManifests, storedParts, storedPieces } from './store.ts';
export { until } from './wait.ts';
