// Pictures as bytes, and their resampling as in the Python package (OpenCV there).
//
// A picture is { data, width, height, channels }, rows from top to bottom. Values are
// computed in floating point and rounded; OpenCV computes some of them in fixed point, so
// that bytes differ by one level here and there.

export function newPicture(width, height, channels = 3) {
  return { data: new Uint8ClampedArray(width * height * channels), width, height, channels };
}

// Rounds halves to even numbers, as Python does.
export function roundEven(value) {
  const floor = Math.floor(value), rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

// Part of a picture, with its first three channels.
export function cutPart(picture, left, top, right, bottom) {
  const part = newPicture(right - left, bottom - top);
  const { data, width, channels } = picture;
  let to = 0;
  for (let y = top; y < bottom; y += 1) {
    for (let x = left, from = (y * width + left) * channels; x < right; x += 1) {
      part.data[to] = data[from];
      part.data[to + 1] = data[from + 1];
      part.data[to + 2] = data[from + 2];
      to += 3;
      from += channels;
    }
  }
  return part;
}

// Resizes with linear interpolation between the centers of pixels.
export function resizeLinear(picture, width, height) {
  return resample(picture, taps('linear', picture.width, width),
    taps('linear', picture.height, height));
}

// Resizes by averaging areas, for smaller pictures.
export function resizeArea(picture, width, height) {
  return resample(picture, taps('area', picture.width, width), taps('area', picture.height, height));
}

const known = new Map();

// The source pixels of each target: the first, their number and their weights, which lie one
// after another. Frames of a video need the same ones again.
function taps(kind, length, target) {
  const key = `${kind} ${length} ${target}`;
  if (!known.has(key)) {
    if (known.size > 200) known.clear();
    const rule = kind === 'linear' ? linearTap : areaTap;
    const found = Array.from({ length: target }, (_, place) => rule(place, length, length / target));
    known.set(key, { size: target,
      first: Int32Array.from(found, ({ first }) => first),
      count: Int32Array.from(found, ({ weights }) => weights.length),
      weights: Float32Array.from(found.flatMap(({ weights }) => weights)) });
  }
  return known.get(key);
}

function linearTap(place, length, scale) {
  const center = (place + 0.5) * scale - 0.5, first = Math.floor(center);
  if (first < 0) return { first: 0, weights: [1] };
  if (first >= length - 1) return { first: length - 1, weights: [1] };
  return { first, weights: [1 - (center - first), center - first] };
}

function areaTap(place, length, scale) {
  const start = place * scale, stop = Math.min(start + scale, length);
  const first = Math.floor(start + 1e-9), last = Math.min(Math.ceil(stop - 1e-9), length);
  const weights = [];
  for (let at = first; at < last; at += 1) {
    weights.push((Math.min(at + 1, stop) - Math.max(at, start)) / (stop - start));
  }
  return { first, weights };
}

function resample(picture, columns, rows) {
  const { data, width, channels } = picture;
  const made = newPicture(columns.size, rows.size);
  const line = new Float32Array(columns.size * 3);
  for (let y = 0, tap = 0, to = 0; y < rows.size; y += 1) {
    line.fill(0);
    for (let down = 0; down < rows.count[y]; down += 1, tap += 1) {
      addLine(line, data, (rows.first[y] + down) * width * channels, channels, columns,
        rows.weights[tap]);
    }
    made.data.set(line, to);
    to += line.length;
  }
  return made;
}

function addLine(line, data, start, channels, { size, first, count, weights }, weight) {
  for (let x = 0, tap = 0, to = 0; x < size; x += 1, to += 3) {
    let from = start + first[x] * channels, red = 0, green = 0, blue = 0;
    for (let k = count[x]; k > 0; k -= 1, tap += 1, from += channels) {
      const share = weights[tap];
      red += share * data[from];
      green += share * data[from + 1];
      blue += share * data[from + 2];
    }
    line[to] += weight * red;
    line[to + 1] += weight * green;
    line[to + 2] += weight * blue;
  }
}

// Maps a picture through an affine [[a, b, c], [d, e, f]] onto a square, black outside.
export function warpAffine(picture, [[a, b, c], [d, e, f]], size) {
  const { data, width, height, channels } = picture;
  const scale = 1 / (a * e - b * d);
  const [ia, ib, id, ie] = [e * scale, -b * scale, -d * scale, a * scale];
  const ic = -(ia * c + ib * f), iff = -(id * c + ie * f);
  const made = newPicture(size, size);
  let to = 0;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1, to += 3) {
      const sx = ia * x + ib * y + ic, sy = id * x + ie * y + iff;
      const x0 = Math.floor(sx), y0 = Math.floor(sy);
      if (x0 < -1 || y0 < -1 || x0 >= width || y0 >= height) continue;
      const right = sx - x0, down = sy - y0;
      const at = (y0 * width + x0) * channels, below = at + width * channels;
      if (x0 >= 0 && y0 >= 0 && x0 + 1 < width && y0 + 1 < height) {
        for (let k = 0; k < 3; k += 1) {
          const upper = data[at + k] + right * (data[at + channels + k] - data[at + k]);
          const lower = data[below + k] + right * (data[below + channels + k] - data[below + k]);
          made.data[to + k] = upper + down * (lower - upper);
        }
        continue;
      }
      const w00 = x0 >= 0 && y0 >= 0 ? (1 - right) * (1 - down) : 0;
      const w01 = x0 + 1 < width && y0 >= 0 ? right * (1 - down) : 0;
      const w10 = x0 >= 0 && y0 + 1 < height ? (1 - right) * down : 0;
      const w11 = x0 + 1 < width && y0 + 1 < height ? right * down : 0;
      for (let k = 0; k < 3; k += 1) {
        let sum = 0;
        if (w00) sum += w00 * data[at + k];
        if (w01) sum += w01 * data[at + channels + k];
        if (w10) sum += w10 * data[below + k];
        if (w11) sum += w11 * data[below + channels + k];
        made.data[to + k] = sum;
      }
    }
  }
  return made;
}

// Luminance of a picture, one byte per pixel.
export function toGray({ data, width, height, channels }) {
  const gray = new Uint8ClampedArray(width * height);
  for (let at = 0, from = 0; at < gray.length; at += 1, from += channels) {
    gray[at] = (4899 * data[from] + 9617 * data[from + 1] + 1868 * data[from + 2] + 8192) >> 14;
  }
  return gray;
}
