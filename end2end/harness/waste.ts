// What a fault cost: bytes that had to be sent again.
import type { FaultProxy } from './proxy.ts';
import type { Server } from './server.ts';

/** What a fault may cost with the page engine if the page can act, with what is on its way on a slow line, in bytes. */
export const PAGE_ACTS = 64 << 10;

/** What it may cost if the page cannot: what six connections of `thin` bring in a second, in bytes. */
export const PAGE_ENDED = 3_000_000;

/** Bytes of pieces sent so far beyond the model's. */
export async function waste(proxy: FaultProxy, server: Server): Promise<number> {
  const { files, piece_size } = await server.manifest();
  // Files may share pieces, which are sent once.
  const sizes = new Map<string, number>();
  for (const file of files) {
    for (const [n, piece] of file.pieces.entries()) sizes.set(piece, Math.min(piece_size, file.size - n * piece_size));
  }
  return (await proxy.pieceBytes()) - [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
