/**
 * Modelferry for pages of its origin: what is on this device of a model.
 *
 *     import { list, status, url } from '/modelferry.js';
 */

/** What there is of a model on this device. */
export interface Status {
  /** `owner/name`. */
  model: string;
  /**
   * - `absent`: nothing is here
   * - `fetching`: somebody fetches it: the browser in the background, this page, or another one
   * - `interrupted`: a part is here, and nobody fetches the rest
   * - `ready`: everything is here
   */
  state: 'absent' | 'fetching' | 'interrupted' | 'ready';
  /** 40 hexadecimal digits that name the content; `null` if nothing is here. */
  revision: string | null;
  /** Bytes that are kept. */
  loaded: number;
  /** Bytes of all files; 0 if nothing is here. */
  total: number;
  /** What fetches it, if somebody does: the browser, also with all tabs closed, or a page. */
  engine: Engine | null;
}

export type Engine = 'background' | 'page';

/** A revision: 40 hexadecimal digits, or `main` for what the server has now. */
export interface Of {
  revision?: string;
}

/**
 * What there is of a model. Reads the device only: nothing is fetched, and it works offline. Without a revision, or with
 * `main`: of the one that is wanted, else of one that is complete.
 */
export function status(model: string, options?: Of): Promise<Status>;

/** The same of every model of which there is something. */
export function list(): Promise<Status[]>;

/**
 * The URL of a file of a model. Once the model is ready, the service worker answers it from the device.
 *
 *     const config = await fetch(url('owner/name', 'config.json'));
 */
export function url(model: string, file: string, options?: Of): string;

export type Code =
  /** What was given is no name of a model, or no revision. */
  | 'invalid'
  /** The device is offline, or the server cannot be reached. */
  | 'offline'
  /** There is no room on the device. */
  | 'no-room'
  /** What is stored cannot be read or written. */
  | 'storage'
  /** This window cannot keep anything: no secure context, or a private window of some browsers. */
  | 'unsupported';

/** What the functions here reject with. */
export class ModelferryError extends Error {
  readonly code: Code;
  /** Which model it is about, if it is about one. */
  readonly model?: string;
  readonly revision?: string;
}
