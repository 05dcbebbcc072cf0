// The service worker of the page tests: it runs the wasm of the tests themselves.
//
// The test runner serves that wasm as a file of its own, so the listeners are added after the first
// evaluation of this script: too late if an event had to start the worker. Therefore the page asks it to stay
// first.
import init, { serve } from '/wasm-bindgen-test.js';

const listening = init({ module_or_path: '/wasm-bindgen-test_bg.wasm' }).then(serve);

addEventListener('install', (event) => event.waitUntil(listening));

addEventListener('message', (event) => {
  const port = event.ports[0];
  const stay = new Promise(() => {});
  event.waitUntil(listening.then(() => port.postMessage('listening')).then(() => stay));
});
