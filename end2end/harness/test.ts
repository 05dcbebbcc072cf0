// The fixtures: a server with the real model, a proxy in front of it for tests that want faults, and a device
// with a browser. All are new for every test and are ended with it. What they said stays in `results` if the
// test fails, and a page that complained fails its test.
import { writeFileSync } from 'node:fs';
import { test as base, expect, type TestInfo } from '@playwright/test';
import { Device, type Kind } from './device.ts';
import { FaultProxy } from './proxy.ts';
import { MODEL, Server } from './server.ts';

interface Options {
  /** Ids under which the real model is put into the server's folder before it starts. */
  models: string[];
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

export const test = base.extend<Fixtures & Options>({
  models: [[MODEL], { option: true }],
  serverFlags: [[], { option: true }],
  flags: [[], { option: true }],
  kind: [{}, { option: true }],

  server: async ({ models, serverFlags }, use, info) => {
    const server = new Server(info.outputPath('server'), serverFlags);
    try {
      for (const id of models) server.addModel(id);
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

  // Depends on the server and on the proxy, started or not, so that it is ended first.
  device: async ({ idleProxy: _, flags, kind }, use, info) => {
    const device = new Device({ flags, ...kind });
    try {
      await device.launch();
      await use(device);
      expect(device.problems(), 'warnings and errors of pages and workers').toEqual([]);
    } finally {
      if (failed(info) || device.problems().length > 0) await keepPages(info, device);
      await device.dispose();
    }
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
export { ModelPage } from './model-page.ts';
export { expectedDigests, MODEL, PIECE, type Server } from './server.ts';
export type { Device } from './device.ts';
export type { FaultProxy, Passed, Rule } from './proxy.ts';
export { bystander, storedFiles, storedManifests, storedPieces } from './store.ts';
export { until } from './wait.ts';
