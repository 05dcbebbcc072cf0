// Draws pictures of the release server's pages with the real model. Run it when the pages have changed, after
// `./scripts/test build`. That also builds the fault proxy, which simulates a slow network:
//
//   node scripts/pictures.mjs install    # public/assets/install: the icons and pictures of the installed application
//   node scripts/pictures.mjs readme     # docs/screenshot.png, and docs/download.png, an animation
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { animation } from './apng.mjs';

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

/** Starts a program, waits until it has said so, and hands over the first group of what it said. */
async function withProgram(program, flags, said, stream, work) {
  const child = spawn(program, flags, { cwd: root, stdio: 'pipe' });
  const other = stream === 'stdout' ? 'stderr' : 'stdout';
  child[other].resume();
  try {
    for await (const line of createInterface({ input: child[stream] })) {
      const found = line.match(said)?.[1];
      if (found) return await work(found);
    }
    throw new Error(`${program} ended before it was ready`);
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill()) await ended;
  }
}

const release = (name) => join(root, 'target', 'release', name);

function withServer(work) {
  const flags = ['--models', join(root, 'models'), '--listen', '127.0.0.1:0'];
  return withProgram(release('modelferry'), flags, /listening on (http:\S+)/, 'stdout', work);
}

/** The same site by a network of so many bytes a second for each piece. */
async function withSlowNetwork(url, rate, work) {
  const folder = mkdtempSync(join(tmpdir(), 'modelferry-rules-'));
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, JSON.stringify([{ path: '/pieces/', bytes_per_second: rate }]));
  try {
    const flags = ['--upstream', url, '--rules', rules];
    return await withProgram(release('fault-proxy'), flags, /listening on (http:\S+)/, 'stdout', work);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A tab of a Chromium that is started by hand: what Playwright does on launching keeps background fetches from their ordinary
 * way.
 */
async function withTab(viewport, work) {
  const profile = mkdtempSync(join(tmpdir(), 'modelferry-profile-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars', '--remote-debugging-port=0'];
  try {
    return await withProgram(
      executablePath,
      [`--user-data-dir=${profile}`, ...flags, 'about:blank'],
      /^DevTools listening on (ws:\S+)/,
      'stderr',
      async (endpoint) => {
        const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
        const page = await browser.contexts()[0].newPage();
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme: 'light' });
        return await work(page);
      },
    );
  } finally {
    rmSync(profile, { recursive: true, maxRetries: 5 });
  }
}

const panel = (page) => page.locator('[data-testid=download]');

/** Waits for a state of the download. */
const becomes = (page, state) => page.locator(`[data-testid=download][data-state=${state}]`).waitFor({ timeout: 120_000 });

/** A download in the background, from the click to the end. */
async function animate(url) {
  const viewport = { width: 820, height: 500 };
  const frames = await withTab(viewport, async (page) => {
    await page.goto(`${url}/${MODEL}`);
    await becomes(page, 'absent');
    const box = await panel(page).boundingBox();
    const top = Math.floor(box.y) - 8;
    const clip = { x: 0, y: top, width: viewport.width, height: viewport.height - top };
    const frames = [{ png: await page.screenshot(), ms: 1_800 }];
    const shoot = async (ms) => {
      const png = await page.screenshot({ clip });
      if (!png.equals(frames.at(-1).png)) frames.push({ png, ms, top });
    };
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    await page.evaluate(() => scrollTo(0, 0));
    await becomes(page, 'fetching');
    while ((await panel(page).getAttribute('data-state')) !== 'ready') {
      await shoot(600);
      await sleep(1_400);
    }
    await shoot(4_000);
    return frames;
  });
  writeFileSync(join(root, 'docs', 'download.png'), animation(frames));
}

/** A model's page, with what the device can do once the model is there: search the example text by meaning. */
async function still(url) {
  await withTab({ width: 1000, height: 960 }, async (page) => {
    await page.goto(`${url}/${MODEL}`);
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    await becomes(page, 'ready');
    await page.getByRole('button', { name: 'Search in this text', exact: true }).click();
    await page.locator('[data-testid=search][data-phase=search]').waitFor({ timeout: 60_000 });
    await page.getByRole('searchbox').fill('how animals find their way');
    await page.locator('[data-testid=search] li').first().waitFor({ timeout: 60_000 });
    await page.evaluate(() => {
      document.activeElement.blur();
      scrollTo(0, 0);
    });
    await page.screenshot({ path: join(root, 'docs', 'screenshot.png') });
  });
}

async function install() {
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    await draw(browser);
    await withServer((url) => take(browser, url));
  } finally {
    await browser.close();
  }
}

async function readme() {
  await withServer(async (url) => {
    await withSlowNetwork(url, 4_000_000, animate);
    await still(url);
  });
}

const sets = { install, readme };
const chosen = process.argv.slice(2);
for (const name of chosen) if (!(name in sets)) throw new Error(`there are no pictures "${name}", but ${Object.keys(sets).join(' and ')}`);
for (const name of chosen.length > 0 ? chosen : Object.keys(sets)) await sets[name]();
