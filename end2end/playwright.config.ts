// How the tests run: against the release build, in the browsers of the machine. scripts/test runs the two projects one after
// the other.
import { defineConfig } from '@playwright/test';

/** The tag of tests that measure what a busy machine changes, such as what was on its way when a tab was closed. */
const ALONE = /@alone/;

// The times of all tests, for scripts/slowest.mjs.
const times = process.env.PLAYWRIGHT_JSON_OUTPUT_FILE;

export default defineConfig({
  testDir: 'tests',
  preserveOutput: 'failures-only',
  forbidOnly: Boolean(process.env.CI),
  // A test that fails now and then is broken.
  retries: 0,
  // Unless the command line says how many: `--project=beside --workers=2`.
  workers: 1,
  fullyParallel: true,
  projects: [
    { name: 'beside', grepInvert: ALONE, outputDir: 'results/beside' },
    { name: 'alone', grep: ALONE, outputDir: 'results/alone', workers: 1 },
  ],
  // The browser itself may take 8 s before the first byte of a background fetch, and 20 s before a retry.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: times ? [['list'], ['json', { outputFile: times }]] : [['list']],
});
