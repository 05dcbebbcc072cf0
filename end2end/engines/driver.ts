// What the scenarios of tests/engines.spec.ts need of a browser: the same few things in every engine, so that one
// description serves them all. One tab is looked at at a time: the one opened last.

import type { SharedBrowser } from '../harness/shared-browser.ts';
import type { Evaluates } from '../harness/store.ts';

export type EngineName = 'chromium' | 'firefox' | 'webkit';

export interface Driver extends Evaluates {
  /** How the page downloads in this browser. */
  readonly downloads: 'background' | 'page';
  /** Name and version, as the browser gives it. */
  version(): Promise<string>;
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Presses a button of the page's download section as a user does. Throws if there is none of this name. */
  click(name: string): Promise<void>;
  /** An attribute of the download section. */
  attribute(name: string): Promise<string | null>;
  /** What the download section says. */
  text(): Promise<string>;
  newTab(): Promise<void>;
  /** Closes the tab that is looked at; the one before it is looked at next. */
  closeTab(): Promise<void>;
  screenshot(path: string): Promise<void>;
  /** What the browser's processes have printed, and what pages complained about where the browser tells. */
  output(): string;
  /** Ends the browser and removes what it kept. */
  dispose(): Promise<void>;
}

/** The download section. */
export const SECTION = '[data-testid=download]';

/** What every browser is started by: a driver for one that has stored nothing yet. */
export type Launch = (shared: SharedBrowser) => Promise<Driver>;
