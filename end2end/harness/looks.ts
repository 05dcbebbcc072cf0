// How a page looks at the widths of a telephone and of a desk, and whether everybody can use it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';
import { pictures } from './paths.ts';

const WIDTHS = [360, 1440];

export async function looksRight(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const overhang = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overhang, `${name} at ${width} px: pixels to scroll sideways`).toBe(0);
    await page.screenshot({ path: join(pictures, `${name}-${width}.png`), fullPage: true });
  }
}

export async function isAccessible(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document);
    return violations
      .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
      .map((violation) => `${violation.help}: ${violation.nodes.map((node) => node.html).join(' | ')}`);
  });
  expect(found, `accessibility of ${name}`).toEqual([]);
}
