/**
 * Modelferry for pages of its origin: what is on this device of a model, and downloads to it.
 *
 *     import { download, url } from '/modelferry.js';
 *
 *     await download('owner/name', { onProgress: ({ loaded, total }) => console.log(loaded / total) });
 *     const config = await (await fetch(url('owner/name', 'config.json'))).json();
 *
 * What a page begins here, pages of Modelferry that are open show and go on with, and the other way round.
 */

/** A revision: 40 hexadecimal digits, or `main` for what the server has now. */
export type Revision = string;

/** `background`: the browser, by Background Fetch, also with all tabs closed. `page`: a page that is open. */
export type Engine = 'background' | 'page';

/** What there is of a model on this device. */
export interface Status {
  /** `owner/name`. */
  model: string;
  /**
   * - `absent`: nothing is here
   * - `fetching`: somebody fetches it: the browser, this page, or another one
   * - `interrupted`: a part is here, and nobody fetches the rest
   * - `ready`: everything is here, and was verified
   */
  state: 'absent' | 'fetching' | 'interrupted' | 'ready';
  /** 40 hexadecimal digits that name the content; `null` if nothing is here. */
  revision: string | null;
  /** Bytes that are kept, verified. */
  loaded: number;
  /** Bytes of all files; 0 if nothing is here. */
  total: number;
  /** What fetches it, if somebody does. */
  engine: Engine | null;
}

/** How far a download is. */
export interface Progress {
  /**
   * - `preparing`: it is looked what is missing
   * - `downloading`: bytes are on their way
   * - `waiting`: none can be had now, for the `reason` that is given; it goes on by itself
   * - `storing`: all bytes are here, and are verified and stored
   * - `ready`: told once, at the end
   */
  phase: 'preparing' | 'downloading' | 'waiting' | 'storing' | 'ready';
  /**
   * - `offline`: the browser says that there is no network
   * - `network`: the server cannot be reached, or asks for patience; it is tried again
   * - `another-page`: it fetches this model, and this page takes over when that one goes
   * - `browser`: it has another download to do first, or has paused this one
   */
  reason: 'offline' | 'network' | 'another-page' | 'browser' | null;
  engine: Engine | null;
  /** Bytes that are here, with those that are not verified yet. */
  loaded: number;
  /** Bytes of all files; 0 until that is known. */
  total: number;
}

export interface StatusOptions {
  /**
   * Without one, or with `main`: whichever revision on the device is wanted, else one that is complete, else any.
   */
  revision?: Revision;
}

export interface DownloadOptions {
  /** Without one: `main`. */
  revision?: Revision;
  /**
   * `automatic` takes the browser's engine where there is one and room enough for it. Without this: what the user has
   * chosen for the site. A download that somebody is at already goes on with the engine it has.
   */
  engine?: Engine | 'automatic';
  /** Called a few times a second while there is news. */
  onProgress?: (progress: Progress) => void;
  /**
   * Ends the download and keeps what has come, so that the next one goes on from there. If another call of the same page
   * wants the same, only this call ends; other pages hear of it as of a user who stops it.
   */
  signal?: AbortSignal;
}

export interface UrlOptions {
  /** Without one: `main`. */
  revision?: Revision;
}

/** What there is of a model. Reads the device only: nothing is fetched, and it works offline. */
export function status(model: string, options?: StatusOptions): Promise<Status>;

/** The same of every model of which there is something. */
export function list(): Promise<Status[]>;

/**
 * Fetches what is missing of a model, and comes back when it is ready; at once, if it is. Calls for the same revision share
 * the work. Where the network fails in the middle, it waits and goes on, and says so by `onProgress`; a caller that wants
 * an end to that gives a `signal`. Offline, what is ready is ready whatever revision it has.
 *
 * Best called in the handler of a click: browsers allow background fetches, and promise to keep what is stored, more
 * readily then. Where they do not, this page fetches.
 *
 * @throws {ModelferryError}
 */
export function download(model: string, options?: DownloadOptions): Promise<Status>;

/**
 * Removes a model with all its revisions, and the pieces that no other model has. Downloads of it end, with the code
 * `stopped` or `removed`.
 *
 * @throws {ModelferryError}
 */
export function remove(model: string): Promise<void>;

/**
 * The URL of a file of a model. Once the model is ready, the service worker answers it from the device, to every library
 * and offline too.
 */
export function url(model: string, file: string, options?: UrlOptions): string;

export type Code =
  /** By the `signal`; `name` is `AbortError`, and `cause` the signal's reason. */
  | 'aborted'
  /** What came is not what the model's name says, also when it was asked for again. */
  | 'corrupt'
  /** What was given is no name of a model, no revision, or no engine. */
  | 'invalid'
  /** There is no room on the device. */
  | 'no-room'
  /** The server has no such model, or not this revision. */
  | 'not-found'
  /** The device is offline, or the server cannot be reached; also when the program of this module could not be started. */
  | 'offline'
  /** It was removed meanwhile, by the browser or by another page. */
  | 'removed'
  /** The server answered with an error; `status` says which. */
  | 'server'
  /** The user stopped it, in another page or in the browser's own interface, or the browser did. */
  | 'stopped'
  /**
   * What is stored cannot be read or written. If it stays so, load the page again: a browser whose site data were cleared
   * meanwhile may not answer it any more.
   */
  | 'storage'
  /** This window cannot keep anything: no secure context, or a private window of some browsers. */
  | 'unsupported';

/** What the functions here reject with. The message names the model. */
export class ModelferryError extends Error {
  private constructor();
  readonly code: Code;
  /** Which model it is about, if it is about one. */
  readonly model?: string;
  readonly revision?: string;
  /** What the server answered, with the code `server`. */
  readonly status?: number;
}
