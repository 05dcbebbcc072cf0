// How the tests run: one at a time, against the release build, in the Chromium of the machine.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'results',
  preserveOutput: 'failures-only',
  forbidOnly: Boolean(process.env.CI),
  // A test that fails now and then is broken.
  retries: 0,
  // One after the other: transfers are timed, and they would share the machine's cores and network.
  workers: 1,
  fullyParallel: false,
  // The browser itself may take 8 s before the first byte of a background fetch, and 20 s before a retry.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
});
