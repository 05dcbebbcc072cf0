// The real server: the release build, on a port and a models folder of the test's own.
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestModel } from './models.ts';
import { root, serverProgram } from './paths.ts';
import { Process } from './process.ts';
import type { Site } from './site.ts';
import { until } from './wait.ts';

/** One answered request, as the server's access log has it. */
export interface Answered {
  method: string;
  path: string;
  status: number;
  bytes: number;
  range: string | null;
  ms: number;
}

export interface ManifestFile {
  path: string;
  size: number;
  sha256: string;
  pieces: string[];
}

export interface Manifest {
  model: string;
  revision: string;
  piece_size: number;
  files: ManifestFile[];
}

/** Copies a model by hard links, which cost nothing. The copy must not be written to. */
function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (statSync(join(from, name)).isDirectory()) link(join(from, name), join(to, name));
    else linkSync(join(from, name), join(to, name));
  }
}

/** A program, which has its pages in it or gets them from a folder. */
export interface Build {
  program: string;
  site?: string;
}

export class Server implements Site {
  readonly #folder: string;
  readonly #flags: string[];
  /** What its models are copies of, unless the test says otherwise. */
  readonly payload: TestModel;
  /** What is started. */
  build: Build = { program: serverProgram };
  #process: Process | undefined;
  #port = 0;
  /** The pages' files of the first build. */
  #site: string | undefined;

  /** `folder` is the test's own; models and log go into it. */
  constructor(folder: string, payload: TestModel, flags: string[] = []) {
    this.#folder = folder;
    this.payload = payload;
    this.#flags = flags;
    mkdirSync(this.models, { recursive: true });
    writeFileSync(this.#log, '');
  }

  get models(): string {
    return join(this.#folder, 'models');
  }

  get #log(): string {
    return join(this.#folder, 'access.log');
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get model(): string {
    return this.payload.id;
  }

  get output(): string {
    return this.#process?.output ?? '(never started)';
  }

  /** Puts the model into the server's folder, under its own name or another. */
  addModel(id: string = this.model): void {
    link(this.payload.folder(), join(this.models, id));
  }

  /** Puts a file into a model, which need not exist yet. */
  addFile(id: string, path: string, content: string | Uint8Array): void {
    const file = join(this.models, id, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** Puts a file that is on this disk into a model, as a link: it must not be written to. */
  linkFile(id: string, path: string, from: string): void {
    const file = join(this.models, id, path);
    mkdirSync(dirname(file), { recursive: true });
    linkSync(from, file);
  }

  /** Puts another file in the place of one, as a deployment does. What it was linked to stays as it is. */
  replaceFile(id: string, path: string, content: Uint8Array): void {
    const file = join(this.models, id, path);
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  }

  /** Starts it, and comes back when it has read all models. A second start is on the same port. */
  async start(): Promise<void> {
    if (!existsSync(this.build.program)) throw new Error('there is no release build: run ./scripts/test build');
    const settings = Object.entries(process.env).filter(([name]) => !/^MODELFERRY_/.test(name));
    this.#process = new Process(
      this.build.program,
      [
        ['--models', this.models],
        this.build.site ? ['--site', this.build.site] : [],
        ['--listen', `127.0.0.1:${this.#port}`],
        ['--access-log', this.#log],
        ['--rescan-seconds', '0.25'],
        this.#flags.includes('--piece-size') ? [] : ['--piece-size', String(this.payload.piece)],
        this.#flags,
      ].flat(),
      { cwd: this.#folder, env: Object.fromEntries(settings) },
    );
    const url = await this.#process.printed(/listening on (http:\S+)/, 20_000);
    this.#port = Number(new URL(url).port);
    await until('all models to be in the catalogue', async () => {
      for (const id of this.modelIds()) {
        const answer = await fetch(`${this.url}/api/models/${encodeId(id)}`, { signal: AbortSignal.timeout(5_000) });
        if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
      }
      return true;
    });
  }

  modelIds(): string[] {
    const folders = (path: string) =>
      readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
        .map((entry) => entry.name);
    return folders(this.models).flatMap((owner) => folders(join(this.models, owner)).map((name) => `${owner}/${name}`));
  }

  /** Writes the files that its pages load into a folder, for the option `--site`. It must be running. */
  async writeSite(folder: string): Promise<string> {
    cpSync(join(root, 'public', 'assets'), join(folder, 'assets'), { recursive: true });
    mkdirSync(join(folder, 'pkg'));
    const page = await (await fetch(this.url)).text();
    for (const path of new Set(page.match(/(?<=")\/pkg\/[^"]+(?=")/g))) {
      const answer = await fetch(this.url + path);
      if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
      writeFileSync(join(folder, path), new Uint8Array(await answer.arrayBuffer()));
    }
    return folder;
  }

  /**
   * Another build: the same program with another style sheet under another name, as `./scripts/build` makes after a change
   * of one line. Pages of it have `--build: name`.
   */
  async anotherBuild(name: string): Promise<Build> {
    // Of the first build, however many there are.
    this.#site ??= await this.writeSite(join(this.#folder, 'site'));
    const site = join(this.#folder, name);
    cpSync(this.#site, site, { recursive: true });
    const pkg = join(site, 'pkg');
    const sheet = readdirSync(pkg).find((file) => file.endsWith('.css'))!;
    const style = readFileSync(join(pkg, sheet), 'utf8');
    writeFileSync(join(pkg, `modelferry.${name}.css`), `${style}\n:root { --build: ${name} }\n`);
    rmSync(join(pkg, sheet));
    return { program: serverProgram, site };
  }

  /**
   * Another build with the same pages, whose programs beside them have other names, as after a change of those programs.
   * Names are as long as before, so that they fit in their places in the server's program.
   */
  buildWithOtherPrograms(): Build {
    const folder = join(this.#folder, 'other-programs');
    const program = join(folder, 'modelferry');
    mkdirSync(folder);
    const text = readFileSync(serverProgram, 'latin1');
    const names = new Set(text.match(/(?<=\/(?:inference|module)\/)[0-9a-f]{16}(?=\.(?:js|wasm))/g));
    if (names.size !== 4) throw new Error(`two programs of two files, not ${[...names]}`);
    let other = text;
    for (const name of names) other = other.replaceAll(name, [...name].reverse().join(''));
    writeFileSync(program, other, { encoding: 'latin1', mode: 0o755 });
    return { program };
  }

  async stop(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** All requests answered since the start, or since `mark`. */
  log(since = 0): Answered[] {
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Answered)
      .slice(since);
  }

  /** A point in the log, for `log` and `pieceRequests`. */
  mark(): number {
    return this.log().length;
  }

  /** The digests of the pieces that were asked for, in the order in which they were answered. */
  pieceRequests(since = 0): string[] {
    return this.log(since)
      .filter((request) => request.method === 'GET' && request.path.startsWith('/pieces/'))
      .map((request) => request.path.slice('/pieces/'.length));
  }

  async manifest(id: string = this.model): Promise<Manifest> {
    const answer = await fetch(`${this.url}/api/models/${encodeId(id)}/manifest/main`);
    if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Manifest;
  }
}

export function encodeId(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
