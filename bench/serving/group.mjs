// What a process group uses, from /proc.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICK = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time since they began, in seconds. @param {number} group */
export function processorTime(group) {
  return members(group).reduce((sum, { fields }) => sum + Number(fields[11]) + Number(fields[12]), 0) / TICK;
}

/**
 * Memory now, in bytes: `rss` counts what processes share in each of them, `pss` once.
 * @param {number} group
 */
export function memory(group) {
  let [rss, pss] = [0, 0];
  for (const { pid } of members(group)) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const of = (/** @type {string} */ key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1024;
    rss += of('Rss');
    pss += of('Pss');
  }
  return { rss, pss };
}

/** The most that one process ever held, in bytes. @param {number} pid */
export function peakMemory(pid) {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** @param {number} group */
function members(group) {
  const found = [];
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // After the program's name in parentheses: state, parent, group.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[2]) === group) found.push({ pid, fields });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}
