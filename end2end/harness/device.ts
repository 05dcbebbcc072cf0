// A device: a real Chromium with a profile that outlives it. It is started by hand, because what Playwright
// does on launching or by default on connecting moves background fetches off their real download path.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test';
import { Process } from './process.ts';
import { until } from './wait.ts';

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
];

export interface Kind {
  /** Additional flags for Chromium. */
  flags?: string[];
  /** It is started for this test alone, which may end it. Whatever is special is anyway. */
  own?: boolean;
  /** The browser allows a background fetch only after a click or when a user has opened the page, as it does by itself. */
  strict?: boolean;
  /** The profile is on a disk of its own, of so many MiB. Takes a machine's administrator. */
  disk?: number;
}

export class Device {
  readonly #profile: string;
  readonly #kind: Kind;
  #process: Process | undefined;
  #browser: Browser | undefined;
  #context: BrowserContext | undefined;
  #problems: string[] = [];
  #tolerated: RegExp[] = [];
  /** Those of all pages that were opened. */
  readonly #origins = new Set<string>();
  #unmounted = false;

  constructor(kind: Kind = {}) {
    this.#kind = kind;
    this.#profile = mkdtempSync(join(tmpdir(), 'modelferry-profile-'));
    if (kind.disk) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kind.disk}m`, 'modelferry', this.#profile]);
    if (kind.strict) return;
    // Else every fetch after a tab's first needs a user to say yes.
    mkdirSync(join(this.#profile, 'Default'));
    writeFileSync(
      join(this.#profile, 'Default', 'Preferences'),
      JSON.stringify({ profile: { default_content_setting_values: { automatic_downloads: 1 } } }),
    );
  }

  /** Starts the browser; on the same profile as before, if it is not the first time. */
  async launch(): Promise<void> {
    const program = candidates.find((path) => path && existsSync(path));
    if (!program) throw new Error('there is no Chromium: install it, or name it in the variable CHROMIUM');
    this.#process = new Process(program, [`--user-data-dir=${this.#profile}`, ...FLAGS, ...(this.#kind.flags ?? []), 'about:blank']);
    const endpoint = await this.#process.printed(/^DevTools listening on (ws:\S+)/, 30_000);
    this.#browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
    this.#context = this.#browser.contexts()[0]!;
    this.#context.setDefaultTimeout(30_000);
    this.#context.on('page', (page) => this.#watch(page));
    for (const page of this.#context.pages()) this.#watch(page);
    this.#context.on('serviceworker', (worker) => {
      worker.on('console', (message) => this.#note('worker', message.type(), message.text()));
    });
  }

  get context(): BrowserContext {
    if (!this.#context) throw new Error('the browser is not running');
    return this.#context;
  }

  get browser(): Browser {
    if (!this.#browser) throw new Error('the browser is not running');
    return this.#browser;
  }

  get output(): string {
    return this.#process?.output ?? '(never started)';
  }

  pages(): Page[] {
    return this.#context?.pages() ?? [];
  }

  async newPage(): Promise<Page> {
    return this.context.newPage();
  }

  /** A tab of a browser as all but Chromium's are today. */
  async newPageWithoutBackgroundFetch(): Promise<Page> {
    const page = await this.newPage();
    await page.addInitScript(() => {
      Reflect.deleteProperty(ServiceWorkerRegistration.prototype, 'backgroundFetch');
    });
    return page;
  }

  /** Ends the browser as a user does: everything that is running is told. */
  async close(): Promise<void> {
    this.#mayEnd();
    if (!this.#process || !this.#browser) return;
    const session = await this.#browser.newBrowserCDPSession();
    // The answer may be lost together with the connection.
    await session.send('Browser.close').catch(() => undefined);
    await this.#process.gone(20_000);
    // What it may have left running would write to the profile under the next one's feet.
    await this.#process.end('SIGKILL');
    this.#forget();
  }

  /** Whether it has ended, be it by itself. */
  get ended(): boolean {
    return this.#process?.ended ?? true;
  }

  /** Ends the browser as a crash does. */
  async kill(): Promise<void> {
    this.#mayEnd();
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.#process?.end('SIGKILL');
    this.#forget();
  }

  #mayEnd(): void {
    if (!this.#kind.own) throw new Error('other tests use this browser too: say `test.use({ kind: { own: true } })`');
  }

  /** The computer sleeps: nothing of the browser runs until `wake`. */
  sleep(): void {
    this.#mayEnd();
    this.#process?.signal('SIGSTOP');
  }

  wake(): void {
    this.#process?.signal('SIGCONT');
  }

  /** Where the browser keeps everything. */
  get profile(): string {
    return this.#profile;
  }

  async relaunch(): Promise<void> {
    await this.close();
    await this.launch();
  }

  #forget(): void {
    this.#process = undefined;
    this.#browser = undefined;
    this.#context = undefined;
  }

  /** Ends everything and removes the profile. */
  async dispose(): Promise<void> {
    await this.#browser?.close().catch(() => undefined);
    await this.#end();
    // `maxRetries` would not do: it tries again to remove a folder, but not what has come into it meanwhile.
    await until('the profile to be removed', () => {
      if (this.#kind.disk && !this.#unmounted) execFileSync('umount', [this.#profile], { stdio: 'pipe' });
      this.#unmounted = true;
      rmSync(this.#profile, { recursive: true, force: true });
      return true;
    });
  }

  // --- One test after the other ------------------------------------------------------------------------------

  /**
   * Closes all tabs and removes what their sites have stored, background fetches with it. Throws if something is left.
   */
  async clear(): Promise<void> {
    // Without a tab the browser would end.
    const tab = await this.newPage();
    for (const page of this.pages()) if (page !== tab) await page.close();
    const session = await this.context.newCDPSession(tab);
    const registered = new Map<string, string>();
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      for (const { registrationId, scopeURL, isDeleted } of registrations) {
        if (isDeleted) registered.delete(registrationId);
        else registered.set(registrationId, scopeURL);
      }
    });
    await session.send('ServiceWorker.enable');
    // Another test may have the same port.
    await session.send('Network.clearBrowserCache');
    await until('nothing of the test to be left in the browser', async () => {
      // A worker at work may wait for a cache that is being removed, and the removal for the worker.
      await session.send('ServiceWorker.stopAllWorkers');
      // Each time: a worker that was stopped in the middle of its work may have stored something after the last one.
      for (const origin of this.#origins) await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
      const left = [...registered.values()];
      for (const origin of this.#origins) {
        const { usage, usageBreakdown } = await session.send('Storage.getUsageAndQuota', { origin });
        if (usage > 0) left.push(`${origin}: ${JSON.stringify(usageBreakdown.filter((part) => part.usage > 0))}`);
      }
      if (left.length > 0) throw new Error(left.join('\n'));
      return true;
    });
    await session.detach();
    this.#origins.clear();
    this.#problems = [];
    this.#tolerated = [];
  }

  // --- What the pages complain about -------------------------------------------------------------------------

  #watch(page: Page): void {
    page.on('framenavigated', (frame) => {
      if (frame.url().startsWith('http')) this.#origins.add(new URL(frame.url()).origin);
    });
    page.on('console', (message) => {
      // A bystander's tab, which shows nothing of the app.
      if (page.url().endsWith('/healthz')) return;
      const source = message.location().url;
      this.#note(page.url(), message.type(), source ? `${message.text()} (${source})` : message.text());
    });
    page.on('pageerror', (error) => this.#note(page.url(), 'error', error.stack ?? error.message));
    page.on('crash', () => this.#note(page.url(), 'error', 'the page crashed'));
  }

  #note(where: string, type: string, text: string): void {
    if (['warning', 'error', 'assert'].includes(type)) this.#problems.push(`${where}: ${type}: ${text}`);
  }

  /** Says that a complaint is part of the test. */
  tolerate(pattern: RegExp): void {
    this.#tolerated.push(pattern);
  }

  /** Warnings and errors of all pages and workers so far, without the tolerated ones. */
  problems(): string[] {
    return this.#problems.filter((problem) => !this.#tolerated.some((pattern) => pattern.test(problem)));
  }
}
