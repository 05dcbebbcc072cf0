// One Chromium for all tests of a worker of the test runner, one after the other, which saves its start and the seconds that it
// takes after that until it begins a background fetch. Each test has an origin of its own in it, by the port of its server, of
// which nothing is left when the test ends.
import { Device } from './device.ts';

export class SharedBrowser {
  #device: Device | undefined;

  /** For one test, which gives it back. */
  async take(): Promise<Device> {
    if (this.#device?.ended) await this.end();
    if (!this.#device) {
      this.#device = new Device();
      await this.#device.launch();
    }
    return this.#device;
  }

  /** Throws if the test has left something. */
  async giveBack(): Promise<void> {
    try {
      await this.#device?.clear();
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#device?.dispose();
    this.#device = undefined;
  }
}
