// The types of /modelferry.js, as a page's author uses them. Checked by the compiler, never run.
import {
  type Code,
  download,
  type Engine,
  list,
  ModelferryError,
  type Progress,
  remove,
  status,
  type Status,
  url,
} from '../../module/modelferry.js';

export async function use(model: string): Promise<string> {
  const before: Status = await status(model);
  if (before.state === 'absent' && before.revision === null) before.total satisfies number;
  const abort = new AbortController();
  try {
    const ready = await download(model, {
      revision: 'main',
      engine: 'automatic',
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(60_000)]),
      onProgress: ({ phase, reason, loaded, total, engine }: Progress) => {
        const width: number = loaded / total;
        const by: Engine | null = engine;
        if (phase === 'waiting') console.log(reason, width, by);
      },
    });
    ready.revision satisfies string | null;
  } catch (error) {
    if (!(error instanceof ModelferryError)) throw error;
    const code: Code = error.code;
    if (code === 'aborted' || error.name === 'AbortError') return `${error.cause}`;
    return `${error.model} ${error.revision} ${error.status}: ${error.message}`;
  }
  for (const { model, loaded, engine } of await list()) console.log(model, loaded, engine ?? 'nobody');
  (await remove(model)) satisfies void;
  return url(model, 'onnx/model.onnx', { revision: 'main' });
}

export async function misuse(): Promise<void> {
  // @ts-expect-error: a model is needed
  await status();
  // @ts-expect-error: there is no such engine
  await download('owner/name', { engine: 'fast' });
  // @ts-expect-error: progress has no such field
  await download('owner/name', { onProgress: ({ percent }) => percent });
  // @ts-expect-error: there is no such state
  (await status('owner/name')).state === 'done';
  // @ts-expect-error: only this module makes them
  new ModelferryError();
}
