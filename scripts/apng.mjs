// An animation out of PNG pictures (PNG Specification, Third Edition, section 4.9). What browsers draw is taken as it is: nothing
// is decoded, so nothing has to be installed.
import { crc32 } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(type, data) {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(data.length, 0);
  typed.copy(framed, 4);
  framed.writeUInt32BE(crc32(typed), typed.length + 4);
  return framed;
}

/** The data of all chunks of this type, one after the other. */
function data(png, type) {
  const found = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === type) found.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return Buffer.concat(found);
}

const numbers = (...values) => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, place) => bytes.writeUInt32BE(value, 4 * place));
  return bytes;
};

/**
 * Each frame is `{ png, ms, top }`: a picture, how long it is seen, and how far below the top of the first one it is drawn. The
 * first one gives the size. Repeats for ever.
 */
export function animation(frames) {
  const header = data(frames[0].png, 'IHDR');
  let sequence = 0;
  const parts = frames.flatMap(({ png, ms, top = 0 }, place) => {
    const own = data(png, 'IHDR');
    // Width and height may differ, not what a pixel is.
    if (!own.subarray(8).equals(header.subarray(8))) throw new Error('the pictures are of different kinds');
    const size = [own.readUInt32BE(0), own.readUInt32BE(4)];
    // Shown for `ms` thousandths of a second, left as it is, drawn over what was there.
    const delay = Buffer.from([ms >> 8, ms & 255, 1000 >> 8, 1000 & 255, 0, 0]);
    const control = chunk('fcTL', Buffer.concat([numbers(sequence++, ...size, 0, top), delay]));
    const pixels = data(png, 'IDAT');
    return [control, place === 0 ? chunk('IDAT', pixels) : chunk('fdAT', Buffer.concat([numbers(sequence++), pixels]))];
  });
  const control = chunk('acTL', numbers(frames.length, 0));
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), control, ...parts, chunk('IEND', Buffer.alloc(0))]);
}
