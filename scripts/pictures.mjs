// Draws what an installed application is shown by, into public/assets/install: icons out of public/assets/icon.svg, and
// pictures of the release server's own pages with the real model. Run after `./scripts/build`, when one of them has changed:
//
//   node scripts/pictures.mjs
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { chromium } = createRequire(join(root, 'end2end', 'package.json'))('@playwright/test');
const assets = join(root, 'public', 'assets');
const folder = join(assets, 'install');
const MODEL = 'sentence-transformers/all-MiniLM-L6-v2';

const programs = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
const executablePath = programs.find((path) => path && existsSync(path));
if (!executablePath) throw new Error('there is no Chromium: install it, or name it in the variable CHROMIUM');

const svg = readFileSync(join(assets, 'icon.svg'), 'utf8');
const [, ground] = svg.match(/<rect [^>]*fill="(#[0-9a-f]+)"/);
const [, drawing] = svg.match(/<rect [^>]*\/>(.*)<\/svg>/s);

/** To its edges, since whoever shows it cuts it to a shape. `part` of it is drawn on. */
function full(part) {
  const shift = (64 * (1 - part)) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="${ground}"/>
    <g transform="translate(${shift} ${shift}) scale(${part})">${drawing}</g></svg>`;
}

// What is outside a circle of 80 % of the width may be cut off: https://www.w3.org/TR/appmanifest/#icon-masks
const maskable = full(0.75);
const icons = [
  ['icon-512.png', 512, svg],
  ['maskable-192.png', 192, maskable],
  ['maskable-512.png', 512, maskable],
  ['apple-touch-icon.png', 180, full(0.9)],
];

const screens = [
  ['wide.png', { width: 1280, height: 800 }, 1],
  ['narrow.png', { width: 390, height: 780 }, 2],
];

async function draw(browser) {
  for (const [name, size, image] of icons) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(`<style>body { margin: 0 } svg { display: block; width: 100vw; height: 100vh }</style>${image}`);
    await page.screenshot({ path: join(folder, name), omitBackground: true });
    await page.close();
  }
}

async function take(browser, url) {
  for (const [name, viewport, deviceScaleFactor] of screens) {
    const context = await browser.newContext({ viewport, deviceScaleFactor, colorScheme: 'light' });
    const page = await context.newPage();
    await page.goto(url);
    await page.evaluate(() => localStorage.setItem('modelferry-engine', 'page'));
    await page.goto(`${url}/${MODEL}`);
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    await page.locator('[data-testid=download][data-state=ready]').waitFor({ timeout: 120_000 });
    // The click on Download has scrolled to it.
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(folder, name) });
    await context.close();
  }
}

async function withServer(work) {
  const server = spawn(join(root, 'target', 'release', 'modelferry'), ['--models', join(root, 'models'), '--listen', '127.0.0.1:0'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      const url = line.match(/listening on (http:\S+)/)?.[1];
      if (url) return await work(url);
    }
    throw new Error('the server ended before it listened');
  } finally {
    server.kill();
  }
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  await draw(browser);
  await withServer((url) => take(browser, url));
} finally {
  await browser.close();
}
