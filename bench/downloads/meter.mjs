// Samples what a browser uses: memory and processor time of all its processes, and disk below its profile.
import { readdirSync, readFileSync, lstatSync } from 'node:fs';
import { join } from 'node:path';

/** Every so many milliseconds. */
const MEMORY_EVERY = 250;
const DISK_EVERY = 500;

/** @typedef {Record<string, number>} Parts bytes by kind, and `all` */
/** @typedef {{ ms: number, parts: Parts }} Sample */

/** The kernel's clock ticks in a second, as it tells them to programs. */
const TICKS = 100;

export class Meter {
  /** @type {Sample[]} */
  memory = [];
  /** @type {Sample[]} */
  disk = [];
  /** @type {NodeJS.Timeout[]} */
  #timers = [];
  /** Ticks of each process when it was last seen, less those it had at the start. @type {Map<string, number>} */
  #ticks = new Map();
  /** @type {Map<string, number>} */
  #ticksBefore = new Map();

  /** @param {number} group process group @param {string} profile */
  constructor(group, profile) {
    this.now = {
      memory: () => memoryOf(group, this.#ticks),
      disk: () => diskOf(profile),
    };
  }

  start() {
    const sample = (/** @type {'memory' | 'disk'} */ what) => () =>
      this[what].push({ ms: Date.now(), parts: this.now[what]() });
    sample('memory')();
    sample('disk')();
    this.#ticksBefore = new Map(this.#ticks);
    this.#timers = [setInterval(sample('memory'), MEMORY_EVERY), setInterval(sample('disk'), DISK_EVERY)];
  }

  /** Seconds of processor time since the start, of processes that have ended too. */
  processor() {
    this.now.memory();
    const sum = (/** @type {Map<string, number>} */ ticks) => [...ticks.values()].reduce((all, one) => all + one, 0);
    return (sum(this.#ticks) - sum(this.#ticksBefore)) / TICKS;
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
    this.memory.push({ ms: Date.now(), parts: this.now.memory() });
    this.disk.push({ ms: Date.now(), parts: this.now.disk() });
  }
}

/** The sample with the most of all. @param {Sample[]} samples @returns {Sample} */
export function peak(samples) {
  return samples.reduce((most, sample) => ((sample.parts.all ?? 0) > (most.parts.all ?? 0) ? sample : most));
}

/**
 * Proportional set sizes: what is shared counts once. Without what only maps a file, as the program itself: that
 * grows and shrinks with other browsers that run on the machine.
 * @param {number} group @param {Map<string, number>} ticks of each process, brought up to date @returns {Parts}
 */
function memoryOf(group, ticks) {
  /** @type {Parts} */
  const parts = { all: 0 };
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // After the program's name in parentheses: state, parent, group, and from the twelfth on user and system time.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[2]) !== group) continue;
      ticks.set(name, Number(fields[11]) + Number(fields[12]));
      const sizes = readFileSync(`/proc/${name}/smaps_rollup`, 'utf8').matchAll(/^Pss_(?:Anon|Shmem):\s+(\d+) kB$/gm);
      const bytes = [...sizes].reduce((sum, [, kibibytes]) => sum + Number(kibibytes) * 1024, 0);
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      const kind = /--utility-sub-type=\w+\.mojom\.(\w+)/.exec(command) ?? /--type=([\w-]+)/.exec(command);
      const key = kind?.[1] ?? 'browser';
      parts[key] = (parts[key] ?? 0) + bytes;
      parts.all = (parts.all ?? 0) + bytes;
    } catch {
      // It has ended meanwhile.
    }
  }
  return parts;
}

/** Blocks on disk. @param {string} profile @returns {Parts} */
function diskOf(profile) {
  /** @type {Parts} */
  const parts = { all: 0 };
  const add = (/** @type {string} */ path, /** @type {string} */ kind) => {
    try {
      const stat = lstatSync(path);
      const bytes = stat.blocks * 512;
      parts[kind] = (parts[kind] ?? 0) + bytes;
      parts.all = (parts.all ?? 0) + bytes;
      if (!stat.isDirectory()) return;
      for (const name of readdirSync(path)) add(join(path, name), kindOf(name) ?? kind);
    } catch {
      // It has been removed meanwhile.
    }
  };
  add(profile, 'other');
  return parts;
}

/** @param {string} name */
function kindOf(name) {
  return { 'Download Service': 'download', 'Service Worker': 'cache', WebStorage: 'cache', blob_storage: 'blobs', Cache: 'http' }[name];
}
