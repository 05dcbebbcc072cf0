// A model's page, as a user uses it.
import { expect, type Locator, type Page } from '@playwright/test';
import { encodeId } from './server.ts';
import type { Site } from './site.ts';

export type State =
  | 'unknown'
  | 'unsupported'
  | 'absent'
  | 'preparing'
  | 'fetching'
  | 'settling'
  | 'stopping'
  | 'interrupted'
  | 'ready'
  | 'removing';

/** In ms. */
const OFTEN = [100];

export class ModelPage {
  readonly page: Page;
  readonly section: Locator;
  readonly status: Locator;
  readonly bar: Locator;

  constructor(page: Page) {
    this.page = page;
    this.section = page.getByTestId('download');
    this.status = page.getByTestId('status');
    this.bar = this.section.getByRole('progressbar');
  }

  /** Opens a model's page in a tab; comes back when the page knows how things stand on this device. */
  static async open(page: Page, site: Site, id: string = site.model): Promise<ModelPage> {
    await page.goto(`${site.url}/${encodeId(id)}`);
    const model = new ModelPage(page);
    await model.knows();
    return model;
  }

  async knows(): Promise<void> {
    await expect(this.section).not.toHaveAttribute('data-state', 'unknown');
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.knows();
  }

  /** Has the page look at the device once more, as it does when it comes into sight, and waits for what it makes of that. */
  async looksAgain(): Promise<void> {
    const id = decodeURIComponent(new URL(this.page.url()).pathname.slice(1));
    await this.page.bringToFront();
    await this.page.evaluate(async (turn) => {
      document.dispatchEvent(new Event('visibilitychange'));
      await new Promise((asked) => setTimeout(asked));
      // The page has it while it looks.
      await navigator.locks.request(turn, () => {});
    }, `modelferry salvage ${id}`);
  }

  button(name: string): Locator {
    return this.section.getByRole('button', { name, exact: true });
  }

  async click(name: string): Promise<void> {
    // As a user would: a tab in the background draws no frames, and a click waits for one.
    await this.page.bringToFront();
    await this.button(name).click();
  }

  async delete(): Promise<void> {
    await this.click('Delete');
    await this.click('Yes, delete');
  }

  async state(): Promise<State> {
    return (await this.section.getAttribute('data-state')) as State;
  }

  /** Bytes that are on the device, verified. */
  async kept(): Promise<number> {
    return Number(await this.section.getAttribute('data-kept'));
  }

  async total(): Promise<number> {
    return Number(await this.section.getAttribute('data-total'));
  }

  /** What the progress bar says, in bytes. */
  async shown(): Promise<number> {
    return Number(await this.bar.getAttribute('aria-valuenow'));
  }

  /** What the progress bar says, from 0 to 1. */
  async progress(): Promise<number> {
    const [now, max] = await Promise.all([this.shown(), this.bar.getAttribute('aria-valuemax')]);
    return now / Number(max);
  }

  // Asked more often than Playwright does by itself, which is once a second: some states are over by then.

  async becomes(state: State, timeout = 60_000): Promise<void> {
    await expect.poll(() => this.state(), { timeout, intervals: OFTEN, message: 'state of the model' }).toBe(state);
  }

  /** Waits until the bar is past a part of the whole, while bytes are coming. */
  async isPast(part: number, timeout = 60_000): Promise<void> {
    await expect.poll(() => this.progress(), { timeout, intervals: OFTEN, message: `progress past ${part}` }).toBeGreaterThan(part);
  }

  /** Waits until more than so many bytes are verified and kept. */
  async keeps(bytes: number, timeout = 60_000): Promise<void> {
    await expect.poll(() => this.kept(), { timeout, intervals: OFTEN, message: 'bytes kept' }).toBeGreaterThan(bytes);
  }
}
