// The model: one file of random bytes, which nothing on the way can compress. Made once for each size.
import { randomFillSync } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from './options.mjs';

export const MODEL = 'bench/random';
export const FILE = 'model.safetensors';

/**
 * The folder to serve.
 * @param {string} folder @param {number} size bytes
 */
export function modelsOf(folder, size) {
  const models = join(folder, `models-${size / MIB}`);
  const file = join(models, MODEL, FILE);
  if (!existsSync(file) || statSync(file).size !== size) {
    mkdirSync(join(models, MODEL), { recursive: true });
    const descriptor = openSync(`${file}.new`, 'w');
    const chunk = new Uint8Array(MIB);
    for (let written = 0; written < size; written += chunk.length) writeSync(descriptor, randomFillSync(chunk));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(`${file}.new`, file);
  }
  return models;
}

/** Reads the file, so that every run finds it in memory. @param {string} models */
export function warm(models) {
  const descriptor = openSync(join(models, MODEL, FILE), 'r');
  const chunk = new Uint8Array(4 * MIB);
  while (readSync(descriptor, chunk) > 0);
  closeSync(descriptor);
}
