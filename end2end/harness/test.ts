// The fixtures: a server with the real model, and a device with a browser. Both are new for every test and are
// ended with it. What they said stays in `results` if the test fails, and a page that complained fails its test.
import { writeFileSync } from 'node:fs';
import { test as base, expect, type TestInfo } from '@playwright/test';
import { Device } from './device.ts';
import { MODEL, Server } from './server.ts';

interface Options {
  /** Ids under which the real model is put into the server's folder before it starts. */
  models: string[];
  /** Additional flags for Chromium. */
  flags: string[];
}

interface Fixtures {
  server: Server;
  device: Device;
}

export const test = base.extend<Fixtures & Options>({
  models: [[MODEL], { option: true }],
  flags: [[], { option: true }],

  server: async ({ models }, use, info) => {
    const server = new Server(info.outputPath('server'));
    try {
      for (const id of models) server.addModel(id);
      await server.start();
      await use(server);
    } finally {
      if (failed(info)) keep(info, 'server.log', server.output);
      await server.stop();
    }
  },

  // Depends on the server so that it is ended first.
  device: async ({ server: _, flags }, use, info) => {
    const device = new Device(flags);
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
export { expectedDigests, MODEL, type Server } from './server.ts';
export type { Device } from './device.ts';
export { bystander, storedFiles, storedManifests, storedPieces } from './store.ts';
export { until } from './wait.ts';
