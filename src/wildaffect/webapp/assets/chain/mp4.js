// Frames of an MP4 or QuickTime file for WebCodecs: codec, description, samples with times.
// Source: ISO/IEC 14496-12 (boxes), 14496-15 (codec configurations).

import { PLAIN, quarterTurns } from './display.js';

const EDGE_S = 1e-3; // edits are in ticks of the movie, of a millisecond or so
const CODEC_BOXES = { avc1: 'avcC', avc3: 'avcC', hvc1: 'hvcC', hev1: 'hvcC', av01: 'av1C',
  vp09: 'vpcC' };

// Reads the index of a file (a Blob); the samples' bytes are read later, one by one.
// Returns { codec, description, width, height, display, samples }, a sample being
// { offset, size, timeS, isKey, isShown } in the order of the file; those before or after the
// edit of the track are decoded and not shown; 0 s is where the first sound or
// picture begins. Throws where the file is not of this kind.
export async function readMp4(file) {
  const moov = await findMoov(file);
  const movie = inside(moov, 8);
  const timescale = readTimescale(movie.mvhd[0], 'mvhd');
  const tracks = (movie.trak ?? []).map((view) => readTrack(view, timescale))
    .filter((track) => track.samples.length);
  const video = tracks.filter(({ kind }) => kind === 'vide')
    .sort((a, b) => b.width * b.height - a.width * a.height)[0];
  if (!video) throw new Error('the file has no video');
  const { edit, samples } = video;
  for (const sample of samples) {
    sample.isShown = sample.timeS > edit.startS - EDGE_S && sample.timeS < edit.stopS - EDGE_S;
  }
  // As in ffmpeg, an edit starts with its first whole frame, however late in it that begins.
  const firstS = earliest(samples.filter(({ isShown }) => isShown));
  const lateS = Number.isFinite(edit.startS) ? firstS - edit.startS : 0;
  const startS = Math.min(...tracks.filter(({ kind }) => kind === 'vide' || kind === 'soun')
    .map((track) => (Number.isFinite(track.edit.startS) ? track.edit.startS
      : earliest(track.samples))));
  for (const sample of samples) sample.timeS -= startS + lateS;
  return video;
}

function earliest(samples) {
  return samples.reduce((least, { timeS }) => Math.min(least, timeS), Infinity);
}

async function findMoov(file) {
  for (let at = 0; at + 8 <= file.size;) {
    const head = new DataView(await file.slice(at, at + 16).arrayBuffer());
    let size = head.getUint32(0);
    if (size === 1 && head.byteLength === 16) size = Number(head.getBigUint64(8));
    if (size === 0) size = file.size - at;
    const name = nameAt(head, 4);
    if (at === 0 && !/^[a-z]{4}$/i.test(name)) break;
    if (name === 'moov') return new DataView(await file.slice(at, at + size).arrayBuffer());
    if (size < 8) break;
    at += size;
  }
  throw new Error('not an MP4 file with an index');
}

function nameAt(view, at) {
  return String.fromCharCode(...[0, 1, 2, 3].map((k) => view.getUint8(at + k)));
}

// Boxes in a box: name -> views.
function inside(view, start) {
  const boxes = {};
  for (let at = start; at + 8 <= view.byteLength;) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > view.byteLength) break;
    (boxes[nameAt(view, at + 4)] ??= []).push(new DataView(view.buffer, view.byteOffset + at, size));
    at += size;
  }
  return boxes;
}

function readTimescale(view, name) {
  const isLong = view.getUint8(8) === 1;
  return view.getUint32(name === 'mdhd' || name === 'mvhd' ? (isLong ? 28 : 20) : 20);
}

function readTrack(trak, movieTimescale) {
  const boxes = inside(trak, 8);
  const media = inside(boxes.mdia[0], 8);
  const kind = nameAt(media.hdlr[0], 16);
  const timescale = readTimescale(media.mdhd[0], 'mdhd');
  const table = inside(inside(media.minf[0], 8).stbl[0], 8);
  const edits = boxes.edts ? inside(boxes.edts[0], 8).elst?.[0] : undefined;
  const edit = readEdit(edits, movieTimescale, timescale);
  const samples = readSamples(table, timescale, edit.shift);
  if (kind !== 'vide') return { kind, samples, edit };
  const matrix = readMatrix(boxes.tkhd[0]), { shape, ...entry } = readEntry(table.stsd[0]);
  return { kind, samples, edit, ...entry, display: { ...shape, matrix } };
}

// The part of a track that is shown: ticks to add to the times of its samples, first and last
// time in seconds.
function readEdit(view, movieTimescale, timescale) {
  const whole = { shift: 0, startS: -Infinity, stopS: Infinity };
  if (!view) return whole;
  const isLong = view.getUint8(8) === 1, size = isLong ? 20 : 12;
  const entries = Array.from({ length: view.getUint32(12) }, (_, entry) => {
    const at = 16 + size * entry;
    return isLong ? { lasts: Number(view.getBigUint64(at)), from: Number(view.getBigInt64(at + 8)) }
      : { lasts: view.getUint32(at), from: view.getInt32(at + 4) };
  });
  const shown = entries.filter(({ from }) => from >= 0);
  if (!shown.length) return whole;
  if (shown.length > 1) throw new Error('the file is edited: its parts are out of order');
  const empty = entries.filter(({ from }) => from < 0).reduce((sum, { lasts }) => sum + lasts, 0);
  const [{ lasts, from }] = shown, startS = empty / movieTimescale;
  return { shift: empty * timescale / movieTimescale - from, startS,
    stopS: lasts ? startS + lasts / movieTimescale : Infinity };
}

function readMatrix(view) {
  const at = view.getUint8(8) === 1 ? 60 : 48;
  return quarterTurns([0, 4, 12, 16].map((place) => view.getInt32(at + place)));
}

// Shape of the stored pixels and the part of them that is shown.
function readShape({ pasp, clap }, width, height) {
  const [across, down] = pasp ? [pasp[0].getUint32(8), pasp[0].getUint32(12)] : [0, 0];
  const aspect = across && down ? across / down : null;
  if (!clap || clap[0].byteLength < 40) return { aspect, crop: PLAIN.crop };
  const shares = [8, 16, 24, 32].map((at) => clap[0].getInt32(at) / clap[0].getUint32(at + 4));
  if (!shares.every(Number.isFinite)) return { aspect, crop: PLAIN.crop };
  const [wide, high, right, below] = shares;
  const x = (width - wide) / 2, y = (height - high) / 2;
  const [left, top, end, bottom] = [x + right, y + below, x - right, y - below]
    .map((value) => Math.max(0, Math.trunc(value)));
  return { aspect, crop: { left, top, right: end, bottom } };
}

function readEntry(stsd) {
  const size = stsd.getUint32(16), format = nameAt(stsd, 20);
  const entry = new DataView(stsd.buffer, stsd.byteOffset + 16, size);
  const width = entry.getUint16(32), height = entry.getUint16(34);
  const boxes = inside(entry, 86), config = boxes[CODEC_BOXES[format]]?.[0];
  if (!config) throw new Error(`the codec ${format} is not known here`);
  const content = new Uint8Array(config.buffer, config.byteOffset + 8, config.byteLength - 8);
  const description = format === 'av01' || format === 'vp09' ? undefined : content.slice();
  const shape = readShape(boxes, width, height);
  return { width, height, description, shape, codec: codecOf(format, content) };
}

// Codec as in a MIME type (RFC 6381).
function codecOf(format, bytes) {
  const hex = (value) => value.toString(16).padStart(2, '0');
  if (format.startsWith('avc')) return `${format}.${hex(bytes[1])}${hex(bytes[2])}${hex(bytes[3])}`;
  if (format === 'av01') {
    const profile = bytes[1] >> 5, level = bytes[1] & 31, isTen = bytes[2] & 64;
    return `av01.${profile}.${String(level).padStart(2, '0')}M.${isTen ? '10' : '08'}`;
  }
  if (format === 'vp09') return `vp09.${[bytes[4], bytes[5], bytes[6] >> 4].map((n) => String(n).padStart(2, '0')).join('.')}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const flags = reversedBits(view.getUint32(2)).toString(16);
  const rest = [...bytes.subarray(6, 12)];
  while (rest.length && rest.at(-1) === 0) rest.pop();
  const tier = bytes[1] & 32 ? 'H' : 'L', space = ['', 'A', 'B', 'C'][bytes[1] >> 6];
  return [format, `${space}${bytes[1] & 31}`, flags, `${tier}${bytes[12]}`, ...rest.map(hex)].join('.');
}

function reversedBits(value) {
  let result = 0;
  for (let bit = 0; bit < 32; bit += 1) result = (result << 1 | value >>> bit & 1) >>> 0;
  return result;
}

function readSamples(table, timescale, shift) {
  const sizes = table.stsz?.[0];
  if (!sizes) throw new Error('the table of samples is missing');
  const all = sizes.getUint32(12), count = sizes.getUint32(16);
  const durations = runs(table.stts[0], count);
  const offsets = table.ctts ? runs(table.ctts[0], count) : [];
  const places = readPlaces(table, count, (at) => all || sizes.getUint32(20 + 4 * at));
  const keys = table.stss ? new Set(numbers(table.stss[0])) : null;
  let time = 0;
  return places.map((place, at) => {
    const timeS = (time + (offsets[at] ?? 0) + shift) / timescale;
    time += durations[at];
    return { ...place, timeS, isKey: !keys || keys.has(at + 1) };
  });
}

function numbers(view) {
  return Array.from({ length: view.getUint32(12) }, (_, at) => view.getUint32(16 + 4 * at));
}

// Values of a run-length table, one per sample.
function runs(view, count) {
  const values = [];
  for (let entry = 0; entry < view.getUint32(12) && values.length < count; entry += 1) {
    const value = view.getInt32(20 + 8 * entry);
    for (let left = view.getUint32(16 + 8 * entry); left > 0 && values.length < count; left -= 1) {
      values.push(value);
    }
  }
  return values;
}

function readPlaces(table, count, sizeOf) {
  const short = table.stco?.[0], long = table.co64?.[0], chunks = table.stsc[0];
  const numChunks = (short ?? long).getUint32(12), places = [];
  for (let chunk = 0, entry = 0; chunk < numChunks && places.length < count; chunk += 1) {
    const numEntries = chunks.getUint32(12);
    while (entry + 1 < numEntries && chunks.getUint32(16 + 12 * (entry + 1)) <= chunk + 1) entry += 1;
    let offset = short ? short.getUint32(16 + 4 * chunk) : Number(long.getBigUint64(16 + 8 * chunk));
    for (let k = chunks.getUint32(20 + 12 * entry); k > 0 && places.length < count; k -= 1) {
      const size = sizeOf(places.length);
      places.push({ offset, size });
      offset += size;
    }
  }
  return places;
}
