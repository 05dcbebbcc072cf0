// Our worker as it is, and a way to ask how much memory its program has.
/** @type {WebAssembly.Memory | undefined} */
let memory;
const instantiate = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = async (...values) => {
  const made = await instantiate(...values);
  memory = Object.values(made.instance.exports).find((value) => value instanceof WebAssembly.Memory);
  return made;
};
self.addEventListener('message', (event) => {
  if (event.data !== 'memory?') return;
  event.stopImmediatePropagation();
  self.postMessage(`memory ${memory?.buffer.byteLength}`);
});
// Its listener comes second.
importScripts('/inference-worker.js');
