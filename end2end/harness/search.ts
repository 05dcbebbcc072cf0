// What a user does with a model that embeds sentences, in the words of its worker: the same in every engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import type { Inference } from './inference.ts';
import { root } from './paths.ts';

const TEXT = `The harbour froze in January, and people walked across the ice to the island. 🧊

Bread rises because yeast turns sugar into carbon dioxide, which the dough holds.

Das Orchester spielte so leise, dass lange niemand klatschte.

To replace the battery, remove the four screws on the back and unplug the white connector.`;

/** Indexes a text and finds in it what was meant. */
export async function findsByMeaning(inference: Inference, job: number): Promise<void> {
  const passages = await inference.index(job, TEXT);
  expect(passages).toEqual(TEXT.split('\n\n'));
  for (const [query, best] of [
    ['baking at home', 1],
    ['a cold winter', 0],
    ['repairing a phone', 3],
  ] as const) {
    const hits = await inference.query(job, best, query, 2);
    expect(hits.map(({ passage }) => passage)[0], query).toBe(best);
    expect(hits).toHaveLength(2);
    expect(hits[0]!.similarity).toBeGreaterThan(hits[1]!.similarity);
  }
}

/** Cancels a long text in the middle, and is answered a query before that. */
export async function cancelsInTheMiddle(inference: Inference, job: number): Promise<void> {
  const text = Array.from({ length: 400 }, (_, i) => `Passage number ${i} is about the ${i}th bridge of the town.`).join('\n\n');
  await inference.post(`index ${job}\n${text}`);
  await inference.until('progress');
  // Of several queries the newest alone is answered, and before the text is done.
  await inference.post(`query ${job} 1 3\nth`, `query ${job} 2 3\nthe bri`, `query ${job} 3 3\nthe bridge`);
  const said = await inference.until('hits');
  expect(said.filter(({ kind }) => kind === 'indexed')).toEqual([]);
  const hits = said.at(-1)!;
  expect(hits.words.slice(0, 2)).toEqual([String(job), '3']);
  expect(hits.lines).toHaveLength(3);
  const searched = Number(hits.words[2]);
  expect(searched).toBeLessThan(400);
  await inference.post(`cancel ${job}`);
  const rest = await inference.until('cancelled', 'indexed');
  expect(rest.at(-1)!.kind).toBe('cancelled');
  // What was done stays, and no more comes.
  const more = await inference.query(job, 4, 'the bridge', 500);
  expect(more.length).toBeLessThan(400);
  expect((await inference.query(job, 5, 'the bridge', 500)).length).toBe(more.length);
}

function reference(name: string): Buffer {
  return readFileSync(join(root, 'crates/embedding/tests/reference', name));
}

/**
 * Compares the worker with what another program computed (scripts/reference-vectors). It tells no vectors, but the cosines
 * of all pairs, from which nothing could differ that matters.
 */
export async function agreesWithTheReference(inference: Inference, job: number): Promise<void> {
  const sentences = reference('sentences.txt').toString('utf8').replace(/\n$/, '').split('\n');
  const bytes = reference('vectors.f32');
  const length = bytes.length / 4 / sentences.length;
  const vectors = sentences.map((_, row) => Array.from({ length }, (_, i) => bytes.readFloatLE((row * length + i) * 4)));
  const cosine = (a: number, b: number) => vectors[a]!.reduce((sum, x, i) => sum + x * vectors[b]![i]!, 0);

  const passages = await inference.index(job, sentences.join('\n\n'));
  // Long ones have become several passages.
  const known = passages.map((passage) => sentences.findIndex((sentence) => sentence.trim() === passage));
  expect(known.filter((row) => row >= 0).length).toBeGreaterThan(40);
  let worst = 0;
  for (const [row, sentence] of sentences.entries()) {
    const hits = await inference.query(job, row, sentence, passages.length);
    expect(hits).toHaveLength(passages.length);
    for (const { passage, similarity } of hits) {
      if (known[passage]! >= 0) worst = Math.max(worst, Math.abs(similarity - cosine(row, known[passage]!)));
    }
  }
  expect(worst, 'largest difference of a cosine').toBeLessThan(1e-3);
}
