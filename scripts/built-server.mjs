// Runs the built server while a function uses it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release', 'modelferry');

/** Starts it with these flags and without models, and comes back with what `ask` makes of its URL. */
export async function withServer(flags, ask) {
  const models = mkdtempSync(join(tmpdir(), 'modelferry-'));
  // What is set for a server of the user's is not for this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MODELFERRY_')));
  const child = spawn(program, ['--models', models, '--listen', '127.0.0.1:0', ...flags], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = line.match(/listening on (http:\S+)/)?.[1];
      if (url) return await ask(url);
    }
    throw new Error('the server ended before it listened');
  } finally {
    child.kill('SIGKILL');
    rmSync(models, { recursive: true, force: true });
  }
}
