// The part of a model's page that searches a text by meaning, in any engine.
import { until } from '../harness/wait.ts';
import type { Driver } from './driver.ts';

export class SearchPage {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  async is(phase: 'absent' | 'edit' | 'busy' | 'search'): Promise<void> {
    const is = () => this.#driver.evaluate(() => document.querySelector('[data-testid=search]')?.getAttribute('data-phase'), null);
    await until(`the search to be in phase ${phase}`, async () => (await is()) === phase, { timeout: 75_000, interval: 100 });
  }

  /** Puts a text in, and has it read to its end. */
  async read(text: string): Promise<void> {
    await this.is('edit');
    await this.#driver.evaluate((text) => {
      const section = document.querySelector('[data-testid=search]')!;
      section.querySelector('textarea')!.value = text;
      const buttons = [...section.querySelectorAll('button')];
      buttons.find((button) => button.innerText === 'Search in this text')!.click();
    }, text);
    await this.is('search');
  }

  /** Asks, and waits until this passage is the closest one. */
  async finds(query: string, passage: string): Promise<void> {
    await this.#driver.evaluate((query) => {
      const field = document.querySelector<HTMLInputElement>('[data-testid=search] input[type=search]')!;
      field.value = query;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }, query);
    const first = () => this.#driver.evaluate(() => document.querySelector('[data-testid=search] li')?.textContent ?? '', null);
    await until(`"${query}" to find "${passage}"`, async () => (await first()).includes(passage), { timeout: 30_000, interval: 100 });
  }
}
