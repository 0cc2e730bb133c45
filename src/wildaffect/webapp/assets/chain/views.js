// Views of a frame for the detector: the whole frame, tiles, squares with a margin.

import { cutPart, newPicture, resizeArea, resizeLinear, roundEven } from './pixels.js';

// Resizes in two steps, linear to twice the size and then by area, as in Python.
export function shrink(picture, scale) {
  const columns = Math.max(roundEven(picture.width * scale), 1);
  const rows = Math.max(roundEven(picture.height * scale), 1);
  const source = scale < 0.5 ? resizeLinear(picture, 2 * columns, 2 * rows) : picture;
  return scale < 1 ? resizeArea(source, columns, rows) : resizeLinear(source, columns, rows);
}

// A view { left, top, side } at the detector's size; border pixels repeat outside the frame.
export function cutView(picture, view, size) {
  const left = Math.max(view.left, 0), top = Math.max(view.top, 0);
  const right = Math.min(view.left + view.side, picture.width);
  const bottom = Math.min(view.top + view.side, picture.height);
  const scale = size / view.side;
  const small = shrink(cutPart(picture, left, top, right, bottom), scale);
  const above = Math.min(roundEven((top - view.top) * scale), size - small.height);
  const before = Math.min(roundEven((left - view.left) * scale), size - small.width);
  const made = newPicture(size, size);
  for (let y = 0, to = 0; y < size; y += 1) {
    const row = Math.min(Math.max(y - above, 0), small.height - 1);
    for (let x = 0; x < size; x += 1, to += 3) {
      const from = 3 * (row * small.width + Math.min(Math.max(x - before, 0), small.width - 1));
      made.data.set(small.data.subarray(from, from + 3), to);
    }
  }
  return made;
}

// Whether no edge of the view but the frame's own cuts a box.
export function isWhole(view, box, picture) {
  return (view.left <= 0 || box[0] > view.left) && (view.top <= 0 || box[1] > view.top)
    && (view.left + view.side >= picture.width || box[2] < view.left + view.side)
    && (view.top + view.side >= picture.height || box[3] < view.top + view.side);
}

// Square around the whole picture, for a face that fills it.
export function marginView({ width, height }, share) {
  return square(width / 2, height / 2, share * Math.max(height, width));
}

// Square around a face.
export function closeView([left, top, right, bottom], share) {
  const side = share * Math.max(right - left, bottom - top);
  return square((left + right) / 2, (top + bottom) / 2, side);
}

function square(centerX, centerY, side) {
  const whole = Math.max(roundEven(side), 1);
  return { left: roundEven(centerX - whole / 2), top: roundEven(centerY - whole / 2), side: whole };
}

// Overlapping tiles that cover a frame, the largest size first.
export function tileLevels({ width, height }, limits) {
  const levels = [];
  let side = Math.max(Math.min(height, width), limits.smallest_tile_px), count = 0;
  while (side >= limits.smallest_tile_px) {
    const columns = starts(width, side, limits.tile_overlap);
    const tiles = starts(height, side, limits.tile_overlap)
      .flatMap((top) => columns.map((left) => ({ left, top, side })));
    if (count + tiles.length > limits.max_tiles) break;
    if (side <= limits.widest_tile * Math.max(height, width)) {
      levels.push(tiles);
      count += tiles.length;
    }
    side = Math.floor(side / 2);
  }
  return levels;
}

function starts(length, side, share) {
  if (side >= length) return [Math.floor((length - side) / 2)];
  const count = Math.ceil((length - side) / (side * (1 - share))) + 1;
  return Array.from({ length: count },
    (_, place) => roundEven((length - side) * place / (count - 1)));
}
