// What a JavaScript program does with a model on its disk: sentences into numbers. Prints them as JSON.
import { env, pipeline } from '@huggingface/transformers';

const [model, folder, ...sentences] = process.argv.slice(2);
env.allowRemoteModels = false;
env.useFSCache = false;
env.localModelPath = folder;
const extract = await pipeline('feature-extraction', model, { dtype: 'fp32' });
const found = await extract(sentences, { pooling: 'mean', normalize: true });
console.log(JSON.stringify(found.tolist()));
