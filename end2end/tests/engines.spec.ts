// The same scenarios in three browser engines: what a person does, with the real server and the real model.
// Chromium downloads by Background Fetch, Firefox and WebKit have none and download in the page.
import { writeFileSync } from 'node:fs';
import { Chromium } from '../engines/chromium.ts';
import type { Driver, EngineName, Launch } from '../engines/driver.ts';
import { Firefox } from '../engines/firefox.ts';
import { Model } from '../engines/model.ts';
import { WebKit } from '../engines/webkit.ts';
import type { StoredFile } from '../harness/store.ts';
import { expect, expectedDigests, MODEL, storedFiles, test as base } from '../harness/test.ts';

const ENGINES: Record<EngineName, Launch> = {
  chromium: Chromium.launch,
  firefox: Firefox.launch,
  webkit: WebKit.launch,
};

interface Fixtures {
  driver: Driver;
  model: Model;
}

const test = base.extend<Fixtures & { engine: EngineName }>({
  engine: ['chromium', { option: true }],

  // Depends on the server and on the proxy, so that it is ended first.
  driver: async ({ idleProxy: _, engine }, use, info) => {
    const driver = await ENGINES[engine]();
    try {
      info.annotations.push({ type: 'browser', description: await driver.version() });
      await use(driver);
    } finally {
      if (info.status !== info.expectedStatus) {
        writeFileSync(info.outputPath('browser.log'), driver.output());
        await driver.screenshot(info.outputPath('page.png')).catch(() => undefined);
      }
      await driver.dispose();
    }
  },

  model: async ({ driver }, use) => use(new Model(driver)),
});

function expectWhole(files: StoredFile[]): void {
  expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(expectedDigests());
}

for (const engine of Object.keys(ENGINES) as EngineName[]) {
  test.describe(engine, () => {
    test.use({ engine });

    test('a download ends ready, and what is in the store is the model', async ({ server, driver, model }) => {
      await model.open(server);
      await model.click('Download');
      await model.becomes('ready');
      expectWhole(await storedFiles(driver, server, MODEL));
    });
  });
}
