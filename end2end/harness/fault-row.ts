// A row of docs/FAULTS.md as a test: one fault, with each engine it applies to. It measures what the table says:
// whether the download ends ready and after how many clicks, what was sent beyond the model's size, what the
// user was told; and it watches that no page ever calls a model ready that is not there.
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Page } from '@playwright/test';
import type { Kind } from './device.ts';
import { REAL } from './models.ts';
import { faultResults } from './paths.ts';
import {
  bystander,
  type Device,
  expect,
  type FaultProxy,
  ModelPage,
  PIECE,
  type Server,
  storedFiles,
  test,
} from './test.ts';
import { PAGE_ACTS, PAGE_ENDED, waste } from './waste.ts';

export type EngineName = 'background' | 'page';

/** What a fault may cost at most, for each fault: two pieces in the browser's engine, next to nothing in the page's if the page can act. */
export const WASTE = { background: 2 * PIECE, page: PAGE_ACTS };

/** What it may cost if the page is ended without a word. */
export const ENDED = { background: 2 * PIECE, page: PAGE_ENDED };

export interface Rowed {
  server: Server;
  proxy: FaultProxy;
  device: Device;
  engine: EngineName;
  row: FaultRow;
}

interface Where {
  /** All engines unless said otherwise. */
  engines?: EngineName[];
  /** Takes `--full`: with all engines, or with these. */
  full?: true | EngineName[];
  /** In ms, of the whole test. */
  timeout?: number;
  /** What is special about the device. */
  kind?: Kind;
  /** With the real model, whose pieces are larger. */
  real?: boolean;
}

interface End {
  timeout?: number;
  faults?: number;
  clicks?: number;
  button?: string;
  waste?: number;
  digests?: Map<string, string>;
}

/**
 * Rows in which tabs or the browser go: what the page engine loses then is what was on its way to it, which is more on a busy
 * machine.
 */
const GOING = [7, 8, 10];

/** Declares the tests of a row: `faults 4 (page): a stalled connection`. */
export function faultRow(number: number, fault: string, where: Where, body: (rowed: Rowed) => Promise<void>): void {
  for (const engine of where.engines ?? (['background', 'page'] as const)) {
    const full = where.full === true || where.full?.includes(engine);
    const title = `faults ${number} (${engine}): ${fault}${full ? ' @full' : ''}`;
    test.describe(() => {
      if (where.kind) test.use({ kind: where.kind });
      if (where.real) test.use({ payload: REAL });
      const tag = engine === 'page' && GOING.includes(number) ? '@alone' : [];
      test(title, { tag }, async ({ server, faultProxy, device }) => {
        if (where.timeout) test.setTimeout(where.timeout);
        const row = new FaultRow(number, fault, engine, server, faultProxy, device);
        await body({ server, proxy: faultProxy, device, engine, row });
        row.write();
      });
    });
  }
}

export class FaultRow {
  readonly #facts: Record<string, unknown>;
  readonly #sentences: string[] = [];
  #clicks: string[] = [];
  readonly #engine: EngineName;
  readonly #server: Server;
  readonly #proxy: FaultProxy;
  readonly #device: Device;

  constructor(number: number, fault: string, engine: EngineName, server: Server, proxy: FaultProxy, device: Device) {
    this.#facts = { number, fault, engine };
    this.#engine = engine;
    this.#server = server;
    this.#proxy = proxy;
    this.#device = device;
  }

  /** A tab with the model's page, through the proxy, watched for a wrong `ready`. */
  async open(page?: Page): Promise<ModelPage> {
    return ModelPage.open(page ?? (await this.blank()), this.#proxy);
  }

  /** The same before anything is loaded. */
  async blank(): Promise<Page> {
    const page =
      this.#engine === 'page' ? await this.#device.newPageWithoutBackgroundFetch() : await this.#device.newPage();
    await this.watch(page);
    return page;
  }

  /** From the next loading on, watches for the model as the server has it now. */
  async watch(page: Page): Promise<void> {
    const { files } = await this.#server.manifest();
    await page.addInitScript(watchReady, files.flatMap((file) => file.pieces));
  }

  /** The tab with the download begun. */
  async begin(): Promise<ModelPage> {
    const model = await this.open();
    await model.click('Download');
    return model;
  }

  /** The pieces of the large file: two whole ones and the rest. */
  async pieces(): Promise<string[]> {
    const { files } = await this.#server.manifest();
    return files.find((file) => file.path === 'model.safetensors')!.pieces;
  }

  /** Waits until the proxy's rule of this name has made so many faults. */
  async struck(name: string, times = 1, timeout = 60_000): Promise<void> {
    const used = async () => (await this.#proxy.used()).find((rule) => rule.name === name)?.used ?? 0;
    await expect.poll(used, { message: `faults by ${name}`, timeout }).toBeGreaterThanOrEqual(times);
  }

  /** Notes what the user is told now. */
  async tell(model: ModelPage): Promise<string> {
    const parts = await model.section.locator('.headline, .explanation').allTextContents();
    const sentence = parts.join('. ').replace(/\.\. /g, '. ');
    if (this.#sentences.at(-1) !== sentence) this.#sentences.push(sentence);
    return sentence;
  }

  /** Presses a button because of the fault: this is what "after one click" counts. */
  async click(model: ModelPage, name: string): Promise<void> {
    this.#clicks.push(name);
    await model.click(name);
  }

  /**
   * Waits until the model is ready, pressing the button (Resume, unless said otherwise) once if the page rests and
   * offers it; then checks every byte in the store, and what the fault cost. `faults`: how many there were, for the
   * bar; `waste`: the bar itself, where another one holds.
   */
  async endsReady(model: ModelPage, { timeout = 90_000, faults = 1, clicks = 1, button = 'Resume', ...rest }: End = {}): Promise<void> {
    await expect.poll(() => model.state(), { timeout, intervals: [100], message: 'state of the model' }).toMatch(/^(ready|interrupted)$/);
    if ((await model.state()) === 'interrupted') {
      await this.tell(model);
      await this.click(model, button);
      await model.becomes('ready', timeout);
    }
    expect(this.#clicks.length, `clicks: ${this.#clicks}; told: ${this.#sentences.join(' · ')}`).toBeLessThanOrEqual(clicks);
    const bar = rest.waste ?? WASTE[this.#engine] * faults;
    const cost = await this.waste();
    Object.assign(this.#facts, { ended: 'ready', faults, waste: cost });
    expect(cost, 'bytes sent beyond the size of the model').toBeLessThanOrEqual(bar);
    await this.isWhole(rest.digests);
  }

  /** Bytes of pieces sent so far beyond those that are in the store. */
  async waste(): Promise<number> {
    return waste(this.#proxy, this.#server);
  }

  /** What is in the store is the model, by the committed digests or others. */
  async isWhole(digests = this.#server.payload.digests()): Promise<void> {
    const witness = await bystander(this.#proxy, this.#device);
    const files = await storedFiles(witness, this.#server, this.#server.model);
    expect(new Map(files.map((file) => [file.path, file.sha256]))).toEqual(digests);
    await this.neverWrong();
  }

  /** No page has called it ready while a piece was missing. */
  async neverWrong(): Promise<void> {
    for (const page of this.#device.pages()) {
      const wrong = await page.evaluate(() => (window as unknown as { wrong?: string[] }).wrong ?? []);
      expect(wrong, 'ready although pieces are missing').toEqual([]);
    }
  }

  /** Adds what was measured to the results, which `scripts/faults-table.mjs` puts into docs/FAULTS.md. */
  write(): void {
    mkdirSync(dirname(faultResults), { recursive: true });
    const line = { ...this.#facts, clicks: this.#clicks, sentences: this.#sentences };
    appendFileSync(faultResults, `${JSON.stringify(line)}\n`);
  }
}

/**
 * Runs in the page: whenever it says ready, every piece must be in the store at that moment, and without the mark of one
 * that is not verified. Said in the console too, which is read although the tab may have gone.
 */
function watchReady(pieces: string[]): void {
  const wrong: string[] = [];
  Object.assign(window, { wrong });
  let was = '';
  new MutationObserver(async () => {
    const is = document.querySelector('[data-testid=download]')?.getAttribute('data-state') ?? '';
    // Who watches for another revision since has its own.
    if (is === was || (window as unknown as { wrong: string[] }).wrong !== wrong) return;
    was = is;
    if (is !== 'ready') return;
    const stored = (url: string) => caches.match(url, { cacheName: 'modelferry-pieces-1' });
    for (const piece of new Set(pieces)) {
      if ((await stored(`/pieces/${piece}`)) && !(await stored(`/pieces/${piece}?unfinished`))) continue;
      wrong.push(piece);
      console.error(`ready without ${piece}`);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
}
