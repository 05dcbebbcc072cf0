// Modelferry for pages of its origin: what is on this device of a model, and downloads to it. The types and what each
// function does are in modelferry.d.ts beside it.
//
// @ts-self-types="./modelferry.d.ts"
import start, * as program from './module/GLUE.js';

let started;

async function load() {
  const answer = await fetch(new URL('./module/PROGRAM.wasm', import.meta.url));
  const { ok, status } = answer;
  if (ok) return answer;
  // What something between says for a server that is away.
  if (status > 501) throw new Error(`status ${status}`);
  throw new ModelferryError({
    code: 'server',
    message: `the server does not have this program of modelferry.js (status ${status}); a newer one comes when the page is loaded again`,
    status,
  });
}

/** Starts the program when it is needed first. A start that failed, for want of a network, is tried again. */
async function call(name, ...values) {
  started ??= start({ module_or_path: load() });
  try {
    await started;
  } catch (cause) {
    started = undefined;
    if (cause instanceof ModelferryError) throw cause;
    throw new ModelferryError({ code: 'offline', message: `the program of modelferry.js could not be loaded: ${cause}`, cause });
  }
  try {
    return await program[name](...values);
  } catch (failure) {
    throw typeof failure?.code === 'string' ? new ModelferryError(failure) : failure;
  }
}

export class ModelferryError extends Error {
  constructor({ code, message, cause, ...where }) {
    super(message, { cause });
    this.name = code === 'aborted' ? 'AbortError' : 'ModelferryError';
    this.code = code;
    Object.assign(this, where);
  }
}

export const status = (model, { revision } = {}) => call('status', `${model}`, revision);

export const list = () => call('list');

export const download = (model, { revision, engine, onProgress, signal } = {}) =>
  call('download', `${model}`, revision, engine, onProgress, signal);

export const remove = (model) => call('remove', `${model}`);

export function url(model, file, { revision = 'main' } = {}) {
  const path = [...model.split('/'), 'resolve', revision, ...file.split('/')];
  return new URL(`/${path.map(encodeURIComponent).join('/')}`, import.meta.url).href;
}
