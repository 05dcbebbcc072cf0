// The inference worker. A page makes one of this script and posts messages to it; what they are is said in
// crates/inference-protocol/src/lib.rs. This is only what brings the program here.
//
// A classic script, for `new Worker(url)` without further options.
'use strict';

// A page need not wait: what it posts meanwhile is kept.
const early = [];
self.onmessage = ({ data }) => early.push(data);

/** Both files at a time, the program compiled as it arrives. */
async function start() {
  const [glue, program] = await Promise.all([import('/inference/GLUE.js'), fetch('/inference/PROGRAM.wasm')]);
  await glue.default({ module_or_path: program });
  return glue.receive;
}

/** Messages before the first one that can be answered like this have no answer. */
function refuse(error) {
  const detail = String(error).replaceAll(/\p{Cc}/gu, ' ');
  return () => self.postMessage(`modelferry-inference-1 failed program ${detail}`);
}

start()
  .catch(refuse)
  .then((receive) => {
    self.onmessage = ({ data }) => receive(data);
    for (const data of early.splice(0)) receive(data);
  });
