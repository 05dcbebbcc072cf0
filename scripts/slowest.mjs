// Lists the slowest tests, and the time of each test file:
//
//   node scripts/slowest.mjs FILE...
//
// Takes reports of Playwright (.json) and of whatever writes JUnit's format (.xml), and lists with a line for each test:
// seconds, file and title, with tabs between (.tsv). Files that are not there are left out.
import { existsSync, readFileSync } from 'node:fs';

const MOST = 20;

/** Of one test: { seconds, file, engine, title }. */
const readers = {
  json(text) {
    const tests = [];
    const walk = (suite, file, titles) => {
      for (const inner of suite.suites ?? []) walk(inner, file, [...titles, inner.title]);
      for (const { title, tests: runs } of suite.specs ?? []) {
        const all = [...titles, title].filter(Boolean).join(' › ');
        const seconds = runs.flatMap((run) => run.results).reduce((sum, result) => sum + result.duration / 1000, 0);
        tests.push({ seconds, file, engine: all.match(/\b(chromium|firefox|webkit)\b/)?.[1] ?? 'chromium', title: all });
      }
    };
    // The outermost ones are files; a test itself may be written elsewhere.
    for (const suite of JSON.parse(text).suites) walk(suite, suite.title, []);
    return tests;
  },

  xml(text) {
    return [...text.matchAll(/<testcase\b[^>]*>/g)].map(([tag]) => {
      const value = (name) => (tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
      return { seconds: Number(value('time')), file: value('classname'), engine: 'native', title: value('name') };
    });
  },

  tsv(text) {
    return text.split('\n').filter(Boolean).map((line) => {
      const [seconds, file, title] = line.split('\t');
      return { seconds: Number(seconds), file, engine: 'native', title };
    });
  },
};

const seconds = (number) => number.toFixed(1).padStart(7);

const tests = process.argv.slice(2).filter(existsSync).flatMap((path) => {
  const read = readers[path.split('.').at(-1)];
  if (!read) throw new Error(`${path}: neither .json nor .xml nor .tsv`);
  return read(readFileSync(path, 'utf8'));
});
if (tests.length > 0) {
  const slowest = tests.toSorted((a, b) => b.seconds - a.seconds).slice(0, MOST);
  console.log(`The slowest of ${tests.length} tests, in seconds:`);
  for (const test of slowest) console.log(`${seconds(test.seconds)}  ${test.engine.padEnd(8)}  ${test.file}: ${test.title}`);
  const files = new Map();
  for (const { file, seconds } of tests) {
    const { count, sum } = files.get(file) ?? { count: 0, sum: 0 };
    files.set(file, { count: count + 1, sum: sum + seconds });
  }
  console.log('\nAll tests of a file, in seconds:');
  for (const [file, { count, sum }] of [...files].sort(([, a], [, b]) => b.sum - a.sum)) {
    console.log(`${seconds(sum)}  ${file} (${count})`);
  }
}
