/**
 * Modelferry for pages of its origin: the state of models on this device, and downloads.
 *
 *     import { download, url } from '/modelferry.js';
 *
 *     await download('owner/name', { onProgress: ({ loaded, total }) => console.log(loaded / total) });
 *     const config = await (await fetch(url('owner/name', 'config.json'))).json();
 *
 * Open pages of Modelferry show a download that starts here, and continue it. This also works the other way round.
 */

/** A revision: 40 hexadecimal digits, or `main` for the server's current one. */
export type Revision = string;

/** `background`: the browser, with Background Fetch, even if all tabs are closed. `page`: an open page. */
export type Engine = 'background' | 'page';

/** The state of a model on this device. */
export interface Status {
  /** `owner/name`. */
  model: string;
  /**
   * - `absent`: nothing is stored
   * - `fetching`: the browser, this page or another page fetches it
   * - `interrupted`: a part is stored, and no download is running
   * - `ready`: everything is stored and verified
   */
  state: 'absent' | 'fetching' | 'interrupted' | 'ready';
  /** 40 hexadecimal digits that name the content; `null` if nothing is stored. */
  revision: string | null;
  /** Bytes that are stored and verified. */
  loaded: number;
  /** Bytes of all files; 0 if nothing is stored. */
  total: number;
  /** What fetches it, if a download is running. */
  engine: Engine | null;
}

/** The progress of a download. */
export interface Progress {
  /**
   * - `preparing`: the download determines what is missing
   * - `downloading`: bytes are arriving
   * - `waiting`: no bytes can arrive now, for the given `reason`; the download continues by itself
   * - `storing`: all bytes have arrived, and are being verified and stored
   * - `ready`: reported once, at the end
   */
  phase: 'preparing' | 'downloading' | 'waiting' | 'storing' | 'ready';
  /**
   * - `offline`: the browser reports that there is no network
   * - `network`: the server is unreachable, or asks to wait; the download retries
   * - `another-page`: another page fetches this model; this page continues when that one is closed
   * - `browser`: the browser does another download first, or has paused this one
   */
  reason: 'offline' | 'network' | 'another-page' | 'browser' | null;
  engine: Engine | null;
  /** Bytes that have arrived, including those that are not verified yet. */
  loaded: number;
  /** Bytes of all files; 0 until that is known. */
  total: number;
}

export interface StatusOptions {
  /**
   * Default, also for `main`: the wanted revision on the device, otherwise a complete one, otherwise any.
   */
  revision?: Revision;
}

export interface DownloadOptions {
  /** Without one: `main`. */
  revision?: Revision;
  /**
   * `automatic` uses the browser's engine if it exists and has enough space. The default is the user's choice for the
   * site. A running download keeps its engine.
   */
  engine?: Engine | 'automatic';
  /** Called a few times per second while the progress changes. */
  onProgress?: (progress: Progress) => void;
  /**
   * Ends the download and keeps what has arrived, so that the next one continues from there. If another call of this page
   * wants the same revision, only this call ends. For other pages, this equals a user who stops the download.
   */
  signal?: AbortSignal;
}

export interface UrlOptions {
  /** Without one: `main`. */
  revision?: Revision;
}

/** Returns the state of a model. Reads the device only, fetches nothing, and works offline. */
export function status(model: string, options?: StatusOptions): Promise<Status>;

/** Returns the state of every model that is stored, complete or in part. */
export function list(): Promise<Status[]>;

/**
 * Fetches what is missing of a model. The promise resolves when the model is ready, or at once if it is. Calls for the same
 * revision share the work. If the network fails during the download, it waits, reports that to `onProgress`, and continues.
 * Pass a `signal` to end the wait. Offline, a model that is ready counts as ready, whatever its revision.
 *
 * Call it in the handler of a click: browsers then allow background fetches and persistent storage more readily. If the
 * browser refuses a background fetch, this page fetches.
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
 * Returns the URL of a model's file. Once the model is ready, the service worker answers it from the device, for every
 * library and offline too.
 */
export function url(model: string, file: string, options?: UrlOptions): string;

export type Code =
  /** The `signal` was aborted; `name` is `AbortError`, and `cause` is the signal's reason. */
  | 'aborted'
  /** The bytes of a piece do not match its digest, even after a second try. */
  | 'corrupt'
  /** An argument is not the name of a model, a revision or an engine. */
  | 'invalid'
  /** The device has no free space. */
  | 'no-room'
  /** The server has no such model, or not this revision. */
  | 'not-found'
  /** The device is offline, or the server is unreachable. Also if the program of this module could not be started. */
  | 'offline'
  /** The browser or another page has removed the model meanwhile. */
  | 'removed'
  /** The server answered with an error; `status` says which. */
  | 'server'
  /** The user stopped it, in another page or in the browser's own interface, or the browser did. */
  | 'stopped'
  /**
   * The store cannot be read or written. If the error stays, reload the page. After the site's data were cleared, a browser
   * may no longer answer the page.
   */
  | 'storage'
  /** This window cannot store models: no secure context, or a private window of some browsers. */
  | 'unsupported';

/** What the functions here reject with. The message names the model. */
export class ModelferryError extends Error {
  private constructor();
  readonly code: Code;
  /** The model, if the error concerns one. */
  readonly model?: string;
  readonly revision?: string;
  /** The HTTP status, with the code `server`. */
  readonly status?: number;
}
