// Checks that `cargo leptos build --release` makes the same front as the release build embeds. Both go through the same built
// server: once with the files in it, once with --site target/site. Bytes differ (cargo-leptos shortens the style sheet and adds
// variables to it, and compiles the front alone, with other features of shared crates), so this compares what they mean: the
// page, what it may call in the program and in the script, the names in the style sheet.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { root, withServer } from './built-server.mjs';

/** The front that a server with these flags gives to browsers. */
async function front(...flags) {
  return withServer(flags, async (url) => {
    const get = async (path) => {
      const answer = await fetch(new URL(path, url));
      assert.equal(answer.status, 200, path);
      return Buffer.from(await answer.arrayBuffer());
    };
    const page = (await get('/')).toString();
    const names = [...new Set(page.match(/\/pkg\/[\w.-]+/g))];
    const named = (end) => names.find((name) => name.endsWith(end)) ?? assert.fail(`no ${end} among ${names}`);
    const nonce = page.match(/nonce="([^"]+)"/)[1];
    const build = page.match(/data-build="([^"]+)"/)[1];
    const script = named('.js').match(/([\w.-]+)\.js$/)[1];
    const program = new WebAssembly.Module(await get(named('.wasm')));
    const style = (await get(named('.css'))).toString().replaceAll(/\/\*.*?\*\//gs, '');
    const glue = (await get(named('.js'))).toString();
    return {
      page: [nonce, build, named('.css'), script].reduce((text, name) => text.replaceAll(name, '…'), page),
      islands: WebAssembly.Module.exports(program).map(({ name }) => name).filter((name) => !/^_|^wasm_bindgen_/.test(name)).sort(),
      glue: [...glue.matchAll(/export (?:function|class) (\w+)/g)].map((match) => match[1]).sort(),
      style: [...new Set(style.match(/[.#][a-z][\w-]*(?=[\s,.:{>)[+~])|--[a-z][\w-]*/g))].filter((name) => !name.startsWith('--lightningcss')).sort(),
    };
  });
}

const [embedded, built] = [await front(), await front('--site', join(root, 'target', 'site'))];
for (const part of Object.keys(embedded)) {
  assert.ok(embedded[part].length > 0, `there is no ${part}`);
  assert.deepEqual(built[part], embedded[part], `${part} differs`);
}
console.log(`    Both ways make the same front: ${Object.keys(embedded).join(', ')}.`);
