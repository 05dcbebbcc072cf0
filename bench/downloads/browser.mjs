// A real Chromium on a fresh profile, started by hand: what Playwright does on launching, or by default on
// connecting, moves background fetches off their real download path.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { Devtools } from './devtools.mjs';
import { root } from './server.mjs';
import { until } from './until.mjs';

/** @type {typeof import('@playwright/test')} */
const { chromium } = createRequire(join(root, 'end2end', 'package.json'))('@playwright/test');

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-component-update',
  '--disable-background-networking',
  '--no-first-run',
  '--no-default-browser-check',
  '--remote-debugging-port=0',
  // Which has the numbers 3 and 4.
  '--remote-debugging-pipe',
];

export function chromiumProgram() {
  const program = candidates.find((path) => path && existsSync(path));
  if (!program) throw new Error('there is no Chromium: install it, or name it in the variable CHROMIUM');
  return program;
}

export class Browser {
  #child;
  /** @type {import('@playwright/test').Browser | undefined} */
  #browser;

  /** @param {string} folder */
  constructor(folder) {
    this.profile = mkdtempSync(join(folder, 'profile-'));
    // Else every background fetch after a tab's first needs a user to say yes.
    mkdirSync(join(this.profile, 'Default'));
    writeFileSync(
      join(this.profile, 'Default', 'Preferences'),
      JSON.stringify({ profile: { default_content_setting_values: { automatic_downloads: 1 } } }),
    );
    this.#child = new Child(chromiumProgram(), [`--user-data-dir=${this.profile}`, ...FLAGS, 'about:blank'], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    const out = /** @type {import('node:stream').Writable} */ (this.#child.pipe(3));
    this.devtools = new Devtools(out, /** @type {import('node:stream').Readable} */ (this.#child.pipe(4)));
  }

  /** Its processes are those of this group. */
  get group() {
    return this.#child.pid;
  }

  /** To drive it by Playwright. Not where memory is measured: see {@link Devtools}. */
  async connect() {
    const endpoint = await this.#child.printed(/^DevTools listening on (ws:\S+)/);
    this.#browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
    const context = this.#browser.contexts()[0];
    if (!context) throw new Error('the browser has no window');
    return context;
  }

  async end() {
    await this.#browser?.close().catch(() => undefined);
    await this.#child.end();
    await until('the profile to be removed', () => {
      rmSync(this.profile, { recursive: true, force: true });
      return true;
    });
  }
}
