// A network of a test's own, whose link can be taken down: what tells a browser that the computer is offline. The whole
// test run is started again inside it, so that browser, server, proxy and test all are there, and nothing of it is
// left when it ends. Takes Linux, iproute2 and a machine's administrator.
import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './paths.ts';

const INSIDE = 'MODELFERRY_OWN_NETWORK';

/** Whether this runs inside. */
export const inside = Boolean(process.env[INSIDE]);

// A pair of links, because a browser takes a loopback alone for no network; the peer only has to be there.
const ENTER = `
ip link set lo up
ip link add link0 type veth peer name peer0
ip address add 10.0.0.1/24 dev link0
ip link set peer0 up
ip link set link0 up
ip route add default via 10.0.0.2
exec "$@"`;

export function link(state: 'up' | 'down'): void {
  if (!inside) throw new Error('only the link of a network of its own may be taken down');
  execFileSync('ip', ['link', 'set', 'link0', state]);
  if (state === 'up') execFileSync('ip', ['route', 'replace', 'default', 'via', '10.0.0.2']);
}

/** Runs the tests with this title inside; throws with what they printed if one fails. */
export function runInside(title: string, output: string, timeout: number): void {
  const cli = createRequire(import.meta.url).resolve('@playwright/test/cli');
  const test = [cli, 'test', '--reporter=list', `--output=${output}`, '-g', literal(title)];
  const run = spawnSync('unshare', ['--net', 'sh', '-ec', ENTER, 'sh', process.execPath, ...test], {
    cwd: join(root, 'end2end'),
    env: { ...process.env, [INSIDE]: '1' },
    encoding: 'utf8',
    timeout,
  });
  const printed = `${run.stdout}${run.stderr}`;
  if (run.error) throw new Error(`a network of its own could not be made (unshare, ip): ${run.error.message}\n${printed}`);
  if (run.status !== 0 || !/\b1 passed\b/.test(printed)) throw new Error(`inside a network of its own (status ${run.status}):\n${printed}`);
}

/** As a pattern that matches exactly this. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
