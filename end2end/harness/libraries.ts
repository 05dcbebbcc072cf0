// A page of this origin that is not ours, beside npm packages as they are: the site folder of a server of the test's own.
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.ts';
import type { Server } from './server.ts';
import type { Evaluates } from './store.ts';

const modules = join(root, 'end2end', 'clients', 'node_modules');

/** Where the page finds the packages. */
export const LIBRARIES = '/assets/libraries';

const FILES: Record<string, RegExp> = {
  '@huggingface/transformers': /^transformers\.min\.js$/,
  'onnxruntime-web': /^ort\.wasm\.bundle\.min\.mjs$|^ort-wasm-simd-threaded(\.asyncify)?\.(mjs|wasm)$/,
};

/** Makes the folder, and says where it is. The server must be running. */
export async function siteWithLibraries(server: Server, folder: string): Promise<string> {
  const place = await server.writeSite(folder);
  for (const [library, wanted] of Object.entries(FILES)) {
    const from = join(modules, library, 'dist');
    const to = join(place, LIBRARIES, library);
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from).filter((name) => wanted.test(name))) linkSync(join(from, name), join(to, name));
  }
  const imports = {
    '@huggingface/transformers': `${LIBRARIES}/@huggingface/transformers/transformers.min.js`,
    'onnxruntime-web': `${LIBRARIES}/onnxruntime-web/ort.wasm.bundle.min.mjs`,
  };
  const page = `<!doctype html>
<meta charset="utf-8">
<title>A page of somebody else’s</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>
`;
  writeFileSync(join(place, LIBRARIES, 'page.html'), page);
  return place;
}

/** Runs a text as a module of the page, and brings what it calls `name`, as `read` makes of it. */
export function runModule<R>(page: Evaluates, text: string, name: string, read: string): Promise<R> {
  return page.evaluate(
    async ({ text, name, read }) => {
      const url = URL.createObjectURL(new Blob([`${text}\nexport const found = ((${name}) => ${read})(${name});\n`], { type: 'text/javascript' }));
      const { found } = await import(url);
      return (await found) as R;
    },
    { text, name, read },
  );
}

/** The pieces of JavaScript by which the README says how to use a model, as they stand there. */
export function readmeSnippets(): string[] {
  const section = readFileSync(join(root, 'README.md'), 'utf8').split('\n## Use the model from your own code\n')[1]!.split('\n## ')[0]!;
  return section.split('\n```js\n').slice(1).map((rest) => rest.split('\n```\n')[0]!);
}
