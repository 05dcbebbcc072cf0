// The fixtures of test.ts for tests with the real model.
import { REAL } from './models.ts';
import { test as base } from './test.ts';

export * from './test.ts';

export const MODEL = REAL.id;
export const PIECE = REAL.piece;
export const expectedDigests = REAL.digests;

export const test = base.extend({ payload: ({}, use) => use(REAL) });
