// The models that are served: one of 4 GiB, and ten thousand files of which only the names and sizes are true.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, renameSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1 << 20;
export const GIB = 1 << 30;
export const PIECE = 32 * MIB;
/** As `<owner>/<name>`. */
export const MODEL = 'bench/speed';
export const FILES = ['one.bin', 'two.bin', 'three.bin', 'four.bin'];

/** A models folder with 4 files of 1 GiB of random bytes and a small one. @param {string} folder */
export function largeModel(folder) {
  const models = join(folder, 'large');
  const model = join(models, MODEL);
  mkdirSync(model, { recursive: true });
  for (const name of FILES) {
    const path = join(model, name);
    if (!existsSync(path)) fill(path);
  }
  const small = join(model, 'config.json');
  if (!existsSync(small)) {
    writeFileSync(small, '{}\n');
    age(small);
  }
  return models;
}

/** @param {string} path */
function fill(path) {
  const file = openSync(`${path}.new`, 'w');
  for (let done = 0; done < GIB; done += 16 * MIB) writeSync(file, new Uint8Array(randomBytes(16 * MIB)));
  closeSync(file);
  age(`${path}.new`);
  renameSync(`${path}.new`, path);
}

/** What was written a moment ago would be hashed twice. @param {string} path */
function age(path) {
  const yesterday = new Date(Date.now() - 86_400_000);
  utimesSync(path, yesterday, yesterday);
}

/**
 * A certificate that vouches for itself, and its key: both servers get these, and the client looks at neither.
 * @param {string} folder
 */
export function certificate(folder) {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '30'];
  if (!existsSync(cert)) {
    const out = ['-keyout', key, '-out', `${cert}.new`];
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...out], { stdio: ['ignore', 'ignore', 'pipe'] });
    renameSync(`${cert}.new`, cert);
  }
  return { cert, key };
}

/** Reads files, so that they are in memory. @param {string[]} paths */
export function warm(paths) {
  execFileSync('cat', paths, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Drops files out of memory. @param {string[]} paths */
export function cool(paths) {
  execFileSync('sync', paths);
  for (const path of paths) execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
}

/**
 * A models folder with 100 models of 100 sparse files each, 1 TB in all, and the records of an index that has hashed
 * them: as `server/src/index/record.rs` writes them, with digests that are made up.
 * @param {string} folder
 */
export function manyModels(folder) {
  const models = join(folder, 'many');
  const place = join(models, '.modelferry', 'index.json');
  if (existsSync(place)) return models;
  const size = 100_000_000;
  const records = [];
  for (let m = 0; m < 100; m++) {
    const name = `bench/model-${m}`;
    mkdirSync(join(models, name), { recursive: true });
    for (let f = 0; f < 100; f++) {
      const path = join(models, name, `part-${f}.bin`);
      const file = openSync(path, 'w');
      ftruncateSync(file, size);
      closeSync(file);
      age(path);
      const { mtimeNs, ino } = statSync(path, { bigint: true });
      const digest = (/** @type {string | number} */ part) => createHash('sha256').update(`${name}/${f}/${part}`).digest('hex');
      const pieces = Array.from({ length: Math.ceil(size / PIECE) }, (_, piece) => `"${digest(piece)}"`);
      records.push(
        `"${name}/part-${f}.bin":{"size":${size},"mtime_ns":${mtimeNs},"inode":${ino},"hashed_ns":${mtimeNs},` +
          `"racy":false,"sha256":"${digest('whole')}","pieces":[${pieces}]}`,
      );
    }
  }
  mkdirSync(join(models, '.modelferry'));
  writeFileSync(`${place}.new`, `{"version":1,"piece_size":${PIECE},"files":{${records}}}`);
  renameSync(`${place}.new`, place);
  return models;
}
