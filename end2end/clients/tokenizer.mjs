// What a JavaScript program does with a model hub: loads the tokenizer of a model, here from a server and from a folder.
// Prints the numbers of a text's tokens by both, as JSON.
import { AutoTokenizer, env } from '@huggingface/transformers';

const [model, server, cache, folder, text] = process.argv.slice(2);

async function tokens() {
  const tokenizer = await AutoTokenizer.from_pretrained(model);
  return tokenizer.encode(text);
}

env.remoteHost = server;
env.allowLocalModels = false;
env.cacheDir = cache;
const remote = await tokens();

env.allowLocalModels = true;
env.allowRemoteModels = false;
env.useFSCache = false;
env.localModelPath = folder;
const local = await tokens();

console.log(JSON.stringify({ remote, local }));
