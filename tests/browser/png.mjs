// Makes a picture of a page small: at most 256 colours, which is what a page has but for the edges of letters.
// The format is that of RFC 2083.
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const COLOURS = 256;
const KEPT = 96; // the most frequent ones, as they are
const APART = 300; // square of the distance that each further one has to all before it

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const crc = (bytes) => (bytes.reduce((c, b) => TABLE[(c ^ b) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

const paeth = (a, b, c) => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};
const FILTERS = [() => 0, (a) => a, (_, b) => b, (a, b) => (a + b) >> 1, paeth];

/** The pixels of a picture with 8 bits a channel, as 0xrrggbb. */
function pixelsOf(png) {
  const packed = [];
  let head;
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    const type = png.toString("latin1", at + 4, at + 8);
    if (type === "IHDR") head = data;
    if (type === "IDAT") packed.push(data);
  }
  const [width, height, channels] = [head.readUInt32BE(0), head.readUInt32BE(4), { 2: 3, 6: 4 }[head[9]]];
  if (head[8] !== 8 || !channels || head[12]) throw new Error("not a picture as browsers make them");
  const bytes = inflateSync(Buffer.concat(packed));
  const row = width * channels;
  const pixels = new Uint32Array(width * height);
  let before = new Uint8Array(row);
  for (let y = 0; y < height; y++) {
    const now = bytes.subarray(y * (row + 1) + 1, (y + 1) * (row + 1));
    const filter = FILTERS[bytes[y * (row + 1)]];
    for (let i = 0; i < row; i++) now[i] += filter(i < channels ? 0 : now[i - channels], before[i], i < channels ? 0 : before[i - channels]);
    for (let x = 0, i = 0; x < width; x++, i += channels) pixels[y * width + x] = (now[i] << 16) | (now[i + 1] << 8) | now[i + 2];
    before = now;
  }
  return { width, height, pixels };
}

const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

function nearest(palette, colour) {
  let best = 0;
  for (let i = 1; i < palette.length; i++) if (distance(palette[i], colour) < distance(palette[best], colour)) best = i;
  return best;
}

function paletteOf(pixels) {
  const counts = new Map();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const colours = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  const palette = colours.slice(0, KEPT);
  for (const colour of colours.slice(KEPT)) {
    if (palette.length === COLOURS) break;
    if (distance(palette[nearest(palette, colour)], colour) > APART) palette.push(colour);
  }
  return { palette, index: new Map(colours.map((colour) => [colour, nearest(palette, colour)])) };
}

/** The same picture with a palette. */
export function shrink(png) {
  const { width, height, pixels } = pixelsOf(png);
  const { palette, index } = paletteOf(pixels);
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = index.get(pixels[y * width + x]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8);
  const colours = Buffer.from(palette.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]));
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("PLTE", colours), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
