// Rectangles: overlap of boxes, and the rotated square for the landmark network.
// A box is [left, top, right, bottom] in pixels of the frame.

import { cutPart, resizeArea, warpAffine } from './pixels.js';

// Square around points (x, y, x, y, ...), aligned with the eyes, `margin` times as wide.
export function regionAround(points, stride, rightEye, leftEye, margin) {
  const angle = Math.atan2(points[leftEye * stride + 1] - points[rightEye * stride + 1],
    points[leftEye * stride] - points[rightEye * stride]);
  const cos = Math.cos(angle), sin = Math.sin(angle);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += stride) {
    const x = cos * points[at] + sin * points[at + 1];
    const y = cos * points[at + 1] - sin * points[at];
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  const x = (left + right) / 2, y = (top + bottom) / 2;
  return {
    centerX: cos * x - sin * y,
    centerY: sin * x + cos * y,
    side: Math.max(Math.max(right - left, bottom - top) * margin, 1),
    angle,
  };
}

// Affine map from the frame to a crop of the region.
export function toPixels({ centerX, centerY, side, angle }, size) {
  const scale = size / side, half = size / 2;
  const cos = Math.cos(angle) * scale, sin = Math.sin(angle) * scale;
  return [[cos, sin, half - cos * centerX - sin * centerY],
    [-sin, cos, half + sin * centerX - cos * centerY]];
}

// Maps the frame onto a square; areas are averaged first if it shrinks to less than half.
export function warp(picture, matrix, size) {
  const [[a, b], [c, d]] = matrix;
  const scale = Math.sqrt(Math.abs(a * d - b * c));
  const factor = scale < 0.5 ? Math.trunc(0.5 / scale) + 1 : 1;
  const [source, map] = factor > 1 ? shrinkFor(picture, matrix, size, factor) : [picture, matrix];
  return warpAffine(source, map, size);
}

function shrinkFor(picture, matrix, size, factor) {
  const [[a, b, c], [d, e, f]] = matrix;
  const det = a * e - b * d;
  const xs = [], ys = [];
  for (const [x, y] of [[0, 0], [size, 0], [0, size], [size, size]]) {
    xs.push((e * (x - c) - b * (y - f)) / det);
    ys.push((a * (y - f) - d * (x - c)) / det);
  }
  const clip = (value, most) => Math.min(Math.max(value, 0), most);
  let left = clip(Math.floor(Math.min(...xs)) - factor, picture.width);
  let top = clip(Math.floor(Math.min(...ys)) - factor, picture.height);
  const right = clip(Math.ceil(Math.max(...xs)) + factor, picture.width);
  const bottom = clip(Math.ceil(Math.max(...ys)) + factor, picture.height);
  left -= left % factor;
  top -= top % factor;
  if (right - left < factor || bottom - top < factor) return [picture, matrix];
  const columns = Math.floor((right - left) / factor), rows = Math.floor((bottom - top) / factor);
  const part = cutPart(picture, left, top, left + columns * factor, top + rows * factor);
  const shiftX = left + (factor - 1) / 2, shiftY = top + (factor - 1) / 2;
  return [resizeArea(part, columns, rows),
    [[a * factor, b * factor, a * shiftX + b * shiftY + c],
      [d * factor, e * factor, d * shiftX + e * shiftY + f]]];
}

// Intersection over union, in [0, 1].
export function overlap(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}

export function centerOf(box) {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

export function isInside([x, y], box) {
  return box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3];
}

export function distance(a, b) {
  const [x0, y0] = centerOf(a), [x1, y1] = centerOf(b);
  return Math.hypot(x1 - x0, y1 - y0);
}
