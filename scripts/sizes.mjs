// Prints the size of what a browser loads, compressed as sent. With --check, fails if a size exceeds its budget.
// Requests everything from the built server, which contains these files.
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { withServer } from './built-server.mjs';

const KB = 1000;

/** The worker, what every page loads, and the module and the inference worker with what they load. */
async function embedded() {
  return withServer([], async (url) => {
    const get = async (path) => {
      const answer = await fetch(new URL(path, url), { headers: { 'accept-encoding': 'br' } });
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      const raw = Buffer.from(await answer.arrayBuffer());
      // What the build compressed has a length; what the server compresses on the way has none.
      const sent = answer.headers.get('content-encoding') === 'br' ? answer.headers.get('content-length') : null;
      return { raw, brotli: Number(sent ?? brotliCompressSync(raw).length) };
    };
    /** The entry, and what it names in this folder. */
    const program = async (path, folder) => {
      const entry = await get(path);
      const named = [...entry.raw.toString().matchAll(new RegExp(`['"]\\.?(/${folder}/[^'"]+)['"]`, 'g'))];
      const loads = new Set(named.map((match) => match[1]));
      if (loads.size === 0) throw new Error(`${path} names nothing in /${folder}/`);
      return [entry, ...(await Promise.all([...loads].map(get)))];
    };
    const page = (await get('/')).raw.toString();
    const front = new Set([...page.matchAll(/"(\/pkg\/[^"]+\.(?:js|wasm))"/g)].map((match) => match[1]));
    if (front.size !== 2) throw new Error(`a page loads ${[...front]}, not a script and a program`);
    return {
      worker: [await get('/service-worker.js')],
      front: await Promise.all([...front].map(get)),
      module: await program('/modelferry.js', 'module'),
      inference: await program('/inference-worker.js', 'inference'),
    };
  });
}

function row(what, how, parts, budget) {
  const sum = (lengths) => lengths.reduce((total, length) => total + length, 0);
  const raw = sum(parts.map((part) => part.raw.length));
  const packed = sum(parts.map((part) => (how === 'gzip' ? gzipSync(part.raw, { level: 9 }).length : part.brotli)));
  const fits = packed < budget;
  const numbers = `${(packed / KB).toFixed(1)} KB ${how} of ${budget / KB} KB, ${(raw / KB).toFixed(1)} KB raw`;
  console.log(`    ${what}: ${numbers}${fits ? '' : ': OVER BUDGET'}`);
  return fits;
}

const { worker, front, module, inference } = await embedded();
const rows = [
  row('service worker', 'gzip', worker, 97 * KB),
  row('front, wasm and js', 'brotli', front, 172 * KB),
  row('module, wasm and js', 'brotli', module, 122 * KB),
  row('inference, wasm and js', 'brotli', inference, 600 * KB),
];
if (process.argv.includes('--check') && !rows.every(Boolean)) process.exitCode = 1;
