// Where things are in this repository.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const programs = join(target, 'release');
export const serverProgram = join(programs, 'modelferry');
export const proxyProgram = join(programs, 'fault-proxy');
/** Where scripts/test puts Python's clients of model hubs. */
export const clients = join(target, 'clients');
/** The folder into which scripts/model puts the real model. */
export const sharedModels = join(root, 'models');
/** Where models that are made for tests are kept, from run to run. */
export const madeModels = join(root, 'target', 'made-models');
/** Where scripts/onnx-model puts the same as ONNX. */
export const onnxModel = join(target, 'onnx', 'all-MiniLM-L6-v2', 'onnx', 'model.onnx');
/** SHA-256 of that model's files: what everything that arrives is measured against. */
export const digestList = join(root, 'scripts', 'all-MiniLM-L6-v2.sha256');
/** Pictures that are kept after a run. */
export const pictures = join(root, 'end2end', 'results', 'pictures');
/** What the rows of docs/FAULTS.md measured, one line of JSON each. */
export const faultResults = join(root, 'target', 'faults.jsonl');
