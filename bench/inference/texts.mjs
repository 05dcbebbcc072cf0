// Sentences of exactly so many tokens: of words that are one token each in the model's vocabulary, all different.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../downloads/server.mjs';

const WORDS = readFileSync(join(root, 'models/sentence-transformers/all-MiniLM-L6-v2/vocab.txt'), 'utf8')
  .split('\n')
  .filter((word) => /^[a-z]{3,9}$/.test(word))
  .slice(0, 3000);

/**
 * @param {number} count
 * @param {number} tokens with the two that mark the ends
 */
export function sentences(count, tokens) {
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: tokens - 2 }, (_, j) => WORDS[(i * 131 + j * 37) % WORDS.length]).join(' '),
  );
}
