// transformers.js as its documentation says, with ONNX Runtime's WebAssembly backend and one thread.
import { env, pipeline } from './transformers.min.js';

env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = '/assets/inference-bench/models/';
env.useBrowserCache = false;
env.backends.onnx.wasm.numThreads = 1;
env.backends.onnx.wasm.wasmPaths = new URL('.', import.meta.url).href;

let extractor;

self.onmessage = async ({ data }) => {
  if (data.model) {
    extractor = await pipeline('feature-extraction', data.model, { device: 'wasm', dtype: 'fp32' });
    self.postMessage('ready');
    return;
  }
  let tokens = 0;
  for (let i = 0; i < data.texts.length; i += data.batch) {
    const texts = data.texts.slice(i, i + data.batch);
    const vectors = await extractor(texts, { pooling: 'mean', normalize: true });
    if (vectors.dims[0] !== texts.length) throw new Error(`${vectors.dims} for ${texts.length} texts`);
  }
  tokens = extractor.tokenizer(data.texts[0]).input_ids.dims[1];
  self.postMessage(`done ${tokens}`);
};
