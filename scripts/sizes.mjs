// Prints what a browser has to load, compressed as it is sent; with --check, fails if that exceeds its budget.
// All of it is asked of the built server, since it is inside that program.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const KB = 1000;
const root = fileURLToPath(new URL('..', import.meta.url));
const server = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release', 'modelferry');

/** The worker, what every page loads, and the module and the inference worker with what they load. */
async function embedded() {
  const models = mkdtempSync(join(tmpdir(), 'modelferry-sizes-'));
  const child = spawn(server, ['--models', models, '--listen', '127.0.0.1:0'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = line.match(/listening on (http:\S+)/)?.[1];
      if (!url) continue;
      const get = async (path) => {
        const answer = await fetch(new URL(path, url));
        if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
        return Buffer.from(await answer.arrayBuffer());
      };
      /** The entry, and what it names in this folder. */
      const program = async (path, folder) => {
        const entry = await get(path);
        const named = [...entry.toString().matchAll(new RegExp(`['"]\\.?(/${folder}/[^'"]+)['"]`, 'g'))];
        const loads = new Set(named.map((match) => match[1]));
        if (loads.size === 0) throw new Error(`${path} names nothing in /${folder}/`);
        return [entry, ...(await Promise.all([...loads].map(get)))];
      };
      const page = (await get('/')).toString();
      const front = new Set([...page.matchAll(/"(\/pkg\/[^"]+\.(?:js|wasm))"/g)].map((match) => match[1]));
      if (front.size !== 2) throw new Error(`a page loads ${[...front]}, not a script and a program`);
      return {
        worker: [await get('/service-worker.js')],
        front: await Promise.all([...front].map(get)),
        module: await program('/modelferry.js', 'module'),
        inference: await program('/inference-worker.js', 'inference'),
      };
    }
    throw new Error('the server ended before it listened');
  } finally {
    child.kill('SIGKILL');
    rmSync(models, { recursive: true, force: true });
  }
}

function row(what, how, pack, parts, budget) {
  const sum = (buffers) => buffers.reduce((total, buffer) => total + buffer.length, 0);
  const raw = sum(parts);
  const packed = sum(parts.map(pack));
  const fits = packed < budget;
  const numbers = `${(packed / KB).toFixed(1)} KB ${how} of ${budget / KB} KB, ${(raw / KB).toFixed(1)} KB raw`;
  console.log(`    ${what}: ${numbers}${fits ? '' : ': OVER BUDGET'}`);
  return fits;
}

const brotli = (buffer) => brotliCompressSync(buffer);
const { worker, front, module, inference } = await embedded();
const rows = [
  row('service worker', 'gzip', (buffer) => gzipSync(buffer, { level: 9 }), worker, 94 * KB),
  row('front, wasm and js', 'brotli', brotli, front, 176 * KB),
  row('module, wasm and js', 'brotli', brotli, module, 112 * KB),
  row('inference, wasm and js', 'brotli', brotli, inference, 600 * KB),
];
if (process.argv.includes('--check') && !rows.every(Boolean)) process.exitCode = 1;
