// Chromium, with Background Fetch, by the device that all other tests use.
import type { Page } from '@playwright/test';
import type { Device } from '../harness/device.ts';
import type { SharedBrowser } from '../harness/shared-browser.ts';
import { type Driver, SECTION } from './driver.ts';

export class Chromium implements Driver {
  readonly downloads = 'background';
  readonly #shared: SharedBrowser;
  readonly #device: Device;
  readonly #tabs: Page[] = [];

  private constructor(shared: SharedBrowser, device: Device) {
    this.#shared = shared;
    this.#device = device;
  }

  static async launch(shared: SharedBrowser): Promise<Chromium> {
    const chromium = new Chromium(shared, await shared.take());
    await chromium.newTab();
    return chromium;
  }

  get #page(): Page {
    const page = this.#tabs.at(-1);
    if (!page) throw new Error('no tab is open');
    return page;
  }

  async version(): Promise<string> {
    return `Chromium ${this.#device.browser.version()}`;
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  async click(name: string): Promise<void> {
    await this.#page.bringToFront();
    await this.#page.locator(SECTION).getByRole('button', { name, exact: true }).click();
  }

  attribute(name: string): Promise<string | null> {
    return this.#page.locator(SECTION).getAttribute(name);
  }

  text(): Promise<string> {
    return this.#page.locator(SECTION).innerText();
  }

  evaluate<A, R>(body: (argument: A) => R | Promise<R>, argument: A): Promise<R> {
    return this.#page.evaluate(body as (argument: unknown) => R | Promise<R>, argument);
  }

  async newTab(): Promise<void> {
    this.#tabs.push(await this.#device.newPage());
  }

  async closeTab(): Promise<void> {
    await this.#tabs.pop()?.close();
  }

  async screenshot(path: string): Promise<void> {
    await this.#page.screenshot({ path, fullPage: true });
  }

  output(): string {
    return [this.#device.output, ...this.#device.problems()].join('\n');
  }

  dispose(): Promise<void> {
    return this.#shared.giveBack();
  }
}
