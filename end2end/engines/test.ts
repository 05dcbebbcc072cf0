// The fixtures of tests that run in every engine.
import { writeFileSync } from 'node:fs';
import { test as base } from '../harness/test.ts';
import { Chromium } from './chromium.ts';
import type { Driver, EngineName, Launch } from './driver.ts';
import { Firefox } from './firefox.ts';
import { Model } from './model.ts';
import { WebKit } from './webkit.ts';

export const ENGINES: Record<EngineName, Launch> = {
  chromium: Chromium.launch,
  firefox: Firefox.launch,
  webkit: WebKit.launch,
};

interface Fixtures {
  driver: Driver;
  model: Model;
}

export const test = base.extend<Fixtures & { engine: EngineName }>({
  engine: ['chromium', { option: true }],

  // Depends on the server and on the proxy, so that it is ended first.
  driver: async ({ idleProxy: _, shared, engine }, use, info) => {
    const driver = await ENGINES[engine](shared);
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
