// Where the server runs and how the browser reaches it. On a shaped link the server is in a network namespace
// of its own, whose interface sends so much in a second; a forwarder on the browser's side holds every byte back by half
// of the round trip. (netem would do both, but not every kernel has it.) The forwarder also gives the browser an
// address of this computer, which is what makes the page a secure context.
import { execFileSync } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { atExit } from './at-exit.mjs';

/**
 * Shaped links by their names in docs/BENCHMARKS.md: bits a second and burst as `tc` has them, round trip in milliseconds.
 * @typedef {{ what: string, rate: string, burst: string, roundTrip: number }} Shape
 * @type {Record<string, Shape>}
 */
export const SHAPES = {
  shaped: { what: '100 Mbit/s, 30 ms', rate: '100mbit', burst: '256kb', roundTrip: 30 },
  gigabit: { what: '1 Gbit/s, 10 ms', rate: '1gbit', burst: '1mb', roundTrip: 10 },
};

/** @typedef {{ what: string, listen: string, inside: string[], open(address: string): Promise<string>, close(): Promise<void> }} Link */

/** @returns {Link} */
export function loopback() {
  return {
    what: 'loopback',
    listen: '127.0.0.1:0',
    inside: [],
    open: async (address) => `http://${address}`,
    close: async () => {},
  };
}

/** @param {Shape} shape @returns {Link} */
export function shaped({ what, rate, burst, roundTrip }) {
  const id = process.pid % 10_000;
  const names = { space: `modelferry-${id}`, here: `mf${id}h`, there: `mf${id}s` };
  // From the block for tests of networks (RFC 2544).
  const [here, there] = ['198.18.77.1', '198.18.77.2'];
  const ip = (/** @type {string[]} */ ...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const remove = () => {
    // The interfaces go with it.
    try {
      ip('netns', 'delete', names.space);
    } catch {
      // It was never there.
    }
  };
  const forget = atExit(remove);
  try {
    ip('netns', 'add', names.space);
    ip('link', 'add', names.here, 'type', 'veth', 'peer', 'name', names.there, 'netns', names.space);
    ip('address', 'add', `${here}/30`, 'dev', names.here);
    ip('link', 'set', names.here, 'up');
    ip('-netns', names.space, 'address', 'add', `${there}/30`, 'dev', names.there);
    ip('-netns', names.space, 'link', 'set', names.there, 'up');
    const shape = ['qdisc', 'add', 'dev', names.there, 'root', 'tbf', 'rate', rate, 'burst', burst, 'latency', '100ms'];
    execFileSync('tc', ['-netns', names.space, ...shape], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error('a shaped link needs root, iproute2 and a kernel with namespaces; --link loopback does without it', {
      cause: error,
    });
  }
  /** @type {import('node:net').Server | undefined} */
  let forwarder;
  return {
    what,
    listen: `${there}:0`,
    inside: ['ip', 'netns', 'exec', names.space],
    async open(address) {
      forwarder = createServer((near) => forward(near, Number(address.split(':')[1]), there, roundTrip / 2));
      const listening = forwarder.listen(0, '127.0.0.1');
      await new Promise((done) => listening.once('listening', done));
      const at = listening.address();
      if (at === null || typeof at === 'string') throw new Error('the forwarder has no port');
      return `http://127.0.0.1:${at.port}`;
    },
    async close() {
      forwarder?.close();
      remove();
      forget();
    },
  };
}

/** @param {import('node:net').Socket} near @param {number} port @param {string} host @param {number} delay ms */
function forward(near, port, host, delay) {
  const far = connect({ port, host });
  delayed(near, far, delay);
  delayed(far, near, delay);
}

/**
 * What comes out of one socket goes into the other so many milliseconds later.
 * @param {import('node:net').Socket} from @param {import('node:net').Socket} to @param {number} delay
 */
function delayed(from, to, delay) {
  from.setNoDelay(true);
  const later = (/** @type {() => void} */ act) => setTimeout(act, delay);
  from.on('data', (/** @type {Uint8Array} */ chunk) =>
    later(() => {
      // What the reader does not take, the sender shall not send.
      if (!to.destroyed && !to.write(chunk)) from.pause();
    }),
  );
  to.on('drain', () => from.resume());
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroy()));
}
