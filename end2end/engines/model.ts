// A model's page in any engine: what is waited for, and what is asked of the store.
import { encodeId } from '../harness/server.ts';
import type { State } from '../harness/model-page.ts';
import type { Site } from '../harness/site.ts';
import { until } from '../harness/wait.ts';
import type { Driver } from './driver.ts';

export class Model {
  readonly driver: Driver;

  constructor(driver: Driver) {
    this.driver = driver;
  }

  /** Opens the page in the tab that is looked at; comes back when it knows how things stand on this device. */
  async open(site: Site): Promise<void> {
    await this.driver.open(`${site.url}/${encodeId(site.model)}`);
    await this.knows();
  }

  async reload(): Promise<void> {
    await this.driver.reload();
    await this.knows();
  }

  async knows(): Promise<void> {
    await this.waits('the page to know how things stand', async () => (await this.state()) !== 'unknown');
  }

  async state(): Promise<State> {
    return (await this.driver.attribute('data-state')) as State;
  }

  async becomes(...states: State[]): Promise<void> {
    await this.waits(`the state ${states.join(' or ')}`, async () => states.includes(await this.state()));
  }

  /** Presses a button as soon as it is there. */
  async click(name: string): Promise<void> {
    await this.waits(`the button "${name}"`, async () => {
      await this.driver.click(name);
      return true;
    });
  }

  /** Waits until so much of the whole, from 0 to 1, is on the device or on its way there. */
  async isPast(part: number): Promise<void> {
    await this.waits(`progress past ${part}`, async () => {
      const { now, max } = await this.driver.evaluate(() => {
        const bar = document.querySelector('[data-testid=download] [role=progressbar]');
        const value = (name: string) => Number(bar?.getAttribute(name) ?? NaN);
        return { now: value('aria-valuenow'), max: value('aria-valuemax') };
      }, null);
      return now / max > part;
    });
  }

  /** Waits until more than so many bytes are verified and kept. */
  async keeps(bytes: number): Promise<void> {
    await this.waits(`more than ${bytes} bytes kept`, async () => Number(await this.driver.attribute('data-kept')) > bytes);
  }

  /** Waits, and says what the page says if that is in vain. */
  async waits(what: string, ask: () => Promise<boolean>): Promise<void> {
    try {
      await until(what, ask, { timeout: 75_000, interval: 100 });
    } catch (error) {
      const says = await this.driver.text().catch(String);
      throw new Error(`${(error as Error).message}; the page says:\n${says}`, { cause: error });
    }
  }
}
