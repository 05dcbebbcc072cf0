// WebKitGTK with its own small browser, by its own WebDriver, on a screen that exists only in memory.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Builder, By, type WebDriver } from 'selenium-webdriver';
import { Process } from '../harness/process.ts';
import { until } from '../harness/wait.ts';
import { type Driver, SECTION } from './driver.ts';

const candidates = [
  process.env.MINIBROWSER,
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
  '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
];

export class WebKit implements Driver {
  readonly downloads = 'page';
  readonly #driver: WebDriver;
  readonly #processes: Process[];
  readonly #home: string;
  readonly #tabs: string[] = [];

  private constructor(driver: WebDriver, processes: Process[], home: string) {
    this.#driver = driver;
    this.#processes = processes;
    this.#home = home;
  }

  static async launch(): Promise<WebKit> {
    const binary = candidates.find((path) => path && existsSync(path));
    if (!binary) throw new Error('there is no MiniBrowser of WebKitGTK: install it, or name it in MINIBROWSER');
    const home = mkdtempSync(join(tmpdir(), 'modelferry-webkit-'));
    const processes: Process[] = [];
    try {
      // With -displayfd it takes a screen that is free, and tells which.
      const screen = new Process('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp']);
      processes.push(screen);
      const display = await screen.printed(/^(\d+)$/, 20_000);
      const port = await freePort();
      const service = new Process('WebKitWebDriver', [`--port=${port}`], {
        env: {
          ...process.env,
          DISPLAY: `:${display}`,
          HOME: home,
          XDG_RUNTIME_DIR: home,
          LIBGL_ALWAYS_SOFTWARE: '1',
          // In a container there are no user namespaces for its sandbox; it opens nothing but our own pages.
          WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
        },
      });
      processes.push(service);
      const url = `http://127.0.0.1:${port}`;
      await until('WebKitWebDriver to answer', async () => service.ended || (await fetch(`${url}/status`)).ok);
      const driver = await new Builder()
        .usingServer(url)
        .withCapabilities({
          browserName: 'MiniBrowser',
          'webkitgtk:browserOptions': { binary, args: ['--automation'] },
        })
        .build();
      await driver.manage().setTimeouts({ script: 120_000, pageLoad: 60_000, implicit: 0 });
      const webkit = new WebKit(driver, processes, home);
      webkit.#tabs.push(await driver.getWindowHandle());
      return webkit;
    } catch (error) {
      const said = processes.map((process) => process.output).join('\n');
      await end(processes, home);
      throw new Error(`WebKit did not start:\n${said}`, { cause: error });
    }
  }

  async version(): Promise<string> {
    const capabilities = await this.#driver.getCapabilities();
    return `${capabilities.getBrowserName()} ${capabilities.getBrowserVersion()}`;
  }

  async open(url: string): Promise<void> {
    await this.#driver.get(url);
  }

  async reload(): Promise<void> {
    await this.#driver.navigate().refresh();
  }

  async click(name: string): Promise<void> {
    for (const button of await this.#driver.findElements(By.css(`${SECTION} button`))) {
      // What is hidden has no text here.
      if ((await button.getText()).trim() !== name) continue;
      // One that has just come takes no clicks for a moment, so that it gets none that was meant for another.
      const settled = (await button.getCssValue('pointer-events')) !== 'none';
      if (settled) return button.click();
      // In a tab that is not seen that moment never ends, and the driver cannot show it.
      const unseen = await this.#driver.executeScript('return document.hidden');
      if (unseen) return this.#driver.executeScript('arguments[0].click()', button);
      throw new Error(`the button "${name}" has just come`);
    }
    throw new Error(`there is no button "${name}"`);
  }

  async attribute(name: string): Promise<string | null> {
    return this.#driver.findElement(By.css(SECTION)).getDomAttribute(name);
  }

  text(): Promise<string> {
    return this.#driver.findElement(By.css(SECTION)).getText();
  }

  async evaluate<A, R>(body: (argument: A) => R | Promise<R>, argument: A): Promise<R> {
    const script = `
      const done = arguments[1];
      Promise.resolve(arguments[0]).then(${body}).then(
        (value) => done({ value }),
        (error) => done({ error: String(error) + '\\n' + (error && error.stack) }),
      );`;
    const answer = await this.#driver.executeAsyncScript<{ value: R; error?: string }>(script, argument);
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }

  async newTab(): Promise<void> {
    await this.#driver.switchTo().newWindow('tab');
    this.#tabs.push(await this.#driver.getWindowHandle());
  }

  async closeTab(): Promise<void> {
    await this.#driver.close();
    this.#tabs.pop();
    const before = this.#tabs.at(-1);
    if (before) await this.#driver.switchTo().window(before);
  }

  async screenshot(path: string): Promise<void> {
    writeFileSync(path, await this.#driver.takeScreenshot(), 'base64');
  }

  output(): string {
    return this.#processes.map((process) => process.output).join('\n');
  }

  async dispose(): Promise<void> {
    await this.#driver.quit().catch(() => undefined);
    await end(this.#processes, this.#home);
  }
}

async function end(processes: Process[], home: string): Promise<void> {
  for (const process of processes.reverse()) await process.end('SIGTERM');
  await until('the home folder to be removed', () => {
    rmSync(home, { recursive: true, force: true });
    return true;
  });
}

/** WebKitWebDriver wants to be told one, and does not say which it took. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
