// The models that the servers of the tests have: the real one, and one that is made for tests that need some pieces and
// do not care what is in them.
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestList, madeModels, sharedModels } from './paths.ts';

export interface TestModel {
  /** Its name on the server. */
  id: string;
  /** The size of its large pieces, in bytes. */
  piece: number;
  /** Path to SHA-256 of its files: independent of anything the server says. */
  digests(): Map<string, string>;
  /** Where its files are. They are linked, and must not be written to. */
  folder(): string;
}

/** 91 MB, Apache-2.0: two pieces of 32 MiB, one of 24 MB, and some small ones. */
export const REAL: TestModel = {
  id: 'sentence-transformers/all-MiniLM-L6-v2',
  piece: 32 << 20,
  digests() {
    const lines = readFileSync(digestList, 'utf8').trim().split('\n');
    return new Map(lines.map((line) => line.split(/\s+/, 2)).map(([digest, path]) => [path!, digest!]));
  },
  folder() {
    const folder = join(sharedModels, REAL.id);
    if (!existsSync(folder)) throw new Error(`${REAL.id} is missing: run ./scripts/model`);
    return folder;
  },
};

/** The same in small: 24 MB in two pieces of 8 MiB, one of 6 MB, and some small ones. */
export const MADE: TestModel = {
  id: 'tests/made',
  piece: 8 << 20,
  digests: () => new Map(Object.entries(DIGESTS)),
  folder() {
    const folder = join(madeModels, sha256(JSON.stringify(DIGESTS)).slice(0, 16));
    if (!existsSync(folder)) make(folder);
    return folder;
  },
};

const DIGESTS: Record<string, string> = {
  'config.json': 'e74baa6aeeb8cd39c2c4fc395d5ba7be5bb9e347db7dc9830df0b72c5cf19191',
  'layers/config.json': '834e0ed2f5fc26755353750eb13716e04fd16e437a0c74133fa51e121280deb0',
  'model.safetensors': '11f3236b5cabf457d5926d8e92786da0b876d57c0808fc1e817b6aff7b4d860a',
  'README.md': 'c34650e1dcdef5fe2e3e20fe99ec02c9496a700eb928bbc503cbc895f5cd7795',
  'tokenizer.json': '5a34198f54b914f41b0304ab0c4275157851e9beb4c74a277c1b22bb1d163791',
  'vocab.txt': '0e64405393d825ec0b9cf6bc640e7434427c84f046c18ca1d5a68e9d7f7c0428',
};

/** The bytes of these files, the same on every machine. */
function content(): Record<string, string | Uint8Array> {
  const floats = 5_700_000;
  const header = JSON.stringify({ numbers: { dtype: 'F32', shape: [floats], data_offsets: [0, 4 * floats] } });
  const weights = new Uint8Array(8 + header.length + 4 * floats);
  new DataView(weights.buffer).setBigUint64(0, BigInt(header.length), true);
  weights.set(new TextEncoder().encode(header), 8);
  weights.set(noise(4 * floats, 1), 8 + header.length);
  const words = noise(120_000, 2).toString('hex').replaceAll(/.{8}/g, '$&\n');
  return {
    'config.json': '{"architectures": ["MadeModel"], "model_type": "made"}\n',
    'layers/config.json': '{"layers": 1}\n',
    'model.safetensors': weights,
    'README.md': '---\nlicense: apache-2.0\nlibrary_name: made\npipeline_tag: feature-extraction\n---\n# Made for tests\n',
    'tokenizer.json': `${JSON.stringify({ version: '1.0', words: words.split('\n') })}\n`,
    'vocab.txt': words,
  };
}

/** Bytes that do not compress and are always the same: a cipher's key stream. */
function noise(bytes: number, seed: number): Buffer {
  const key = new Uint8Array(16).fill(seed);
  return createCipheriv('aes-128-ctr', key, new Uint8Array(16)).update(new Uint8Array(bytes));
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes the files beside the folder first: several workers of the test runner may do so at the same time. */
function make(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = mkdtempSync(`${folder}.new-`);
  for (const [path, bytes] of Object.entries(content())) {
    if (sha256(bytes) !== DIGESTS[path]) throw new Error(`${path} of ${MADE.id} has the SHA-256 ${sha256(bytes)}`);
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    writeFileSync(join(fresh, path), bytes);
  }
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another one was first.
    rmSync(fresh, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}
