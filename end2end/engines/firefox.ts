// Firefox as it is installed, by WebDriver BiDi, which it speaks itself: no other program is between.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { until } from '../harness/wait.ts';
import { type Driver, SECTION } from './driver.ts';

const candidates = [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'];

export class Firefox implements Driver {
  readonly downloads = 'page';
  readonly #browser: Browser;
  readonly #home: string;
  readonly #tabs: Page[] = [];
  readonly #said: string[] = [];

  private constructor(browser: Browser, home: string) {
    this.#browser = browser;
    this.#home = home;
  }

  static async launch(): Promise<Firefox> {
    const executablePath = candidates.find((path) => path && existsSync(path));
    if (!executablePath) throw new Error('there is no Firefox: install it, or name it in the variable FIREFOX');
    // It does not start where the home folder belongs to somebody else.
    const home = mkdtempSync(join(tmpdir(), 'modelferry-firefox-'));
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath,
      headless: true,
      env: { ...process.env, HOME: home },
      defaultViewport: { width: 1280, height: 900 },
      timeout: 60_000,
    });
    const firefox = new Firefox(browser, home);
    await firefox.newTab();
    return firefox;
  }

  get #page(): Page {
    const page = this.#tabs.at(-1);
    if (!page) throw new Error('no tab is open');
    return page;
  }

  version(): Promise<string> {
    return this.#browser.version();
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  async click(name: string): Promise<void> {
    await this.#page.bringToFront();
    for (const button of await this.#page.$$(`${SECTION} button`)) {
      // One that has just come takes no clicks for a moment, so that it gets none that was meant for another.
      const settled = await button.evaluate((element) => element.checkVisibility() && getComputedStyle(element).pointerEvents !== 'none');
      if (settled && (await button.evaluate((element) => element.textContent)) === name) return button.click();
    }
    throw new Error(`there is no button "${name}"`);
  }

  attribute(name: string): Promise<string | null> {
    return this.#page.$eval(SECTION, (section, name) => section.getAttribute(name), name);
  }

  text(): Promise<string> {
    return this.#page.$eval(SECTION, (section) => (section as HTMLElement).innerText);
  }

  evaluate<A, R>(body: (argument: A) => R | Promise<R>, argument: A): Promise<R> {
    return this.#page.evaluate(body as (argument: unknown) => R | Promise<R>, argument) as Promise<R>;
  }

  async newTab(): Promise<void> {
    const page = await this.#browser.newPage();
    page.on('console', (message) => this.#said.push(`${page.url()}: ${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.#said.push(`${page.url()}: ${error}`));
    this.#tabs.push(page);
  }

  async closeTab(): Promise<void> {
    await this.#tabs.pop()?.close();
  }

  async screenshot(path: string): Promise<void> {
    await this.#page.screenshot({ path: path as `${string}.png`, fullPage: true });
  }

  output(): string {
    return this.#said.join('\n');
  }

  async dispose(): Promise<void> {
    await this.#browser.close();
    await until('the home folder to be removed', () => {
      rmSync(this.#home, { recursive: true, force: true });
      return true;
    });
  }
}
