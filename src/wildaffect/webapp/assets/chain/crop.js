// Aligned face crops.

import { toGray, warpAffine } from './pixels.js';
import { warp } from './regions.js';

// Crop of a face, aligned by a least-squares similarity of its five points to a template.
// Source: S. Umeyama, PAMI 13(4), 1991.
export function alignFace(picture, landmarks, preprocess, settings) {
  const points = settings.crop.five_points.map((at) => [landmarks[3 * at], landmarks[3 * at + 1]]);
  const template = settings.crop.templates[preprocess.alignment]
    .map(([x, y]) => [x * preprocess.size_px, y * preprocess.size_px]);
  const matrix = similarity(points, template);
  return preprocess.interpolation === 'area' ? warp(picture, matrix, preprocess.size_px)
    : warpAffine(picture, matrix, preprocess.size_px);
}

function similarity(source, target) {
  const mean = (points, k) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
  const [sx, sy, tx, ty] = [mean(source, 0), mean(source, 1), mean(target, 0), mean(target, 1)];
  let spread = 0, cos = 0, sin = 0;
  source.forEach(([x, y], at) => {
    const [ax, ay, bx, by] = [x - sx, y - sy, target[at][0] - tx, target[at][1] - ty];
    spread += ax * ax + ay * ay;
    cos += ax * bx + ay * by;
    sin += ax * by - ay * bx;
  });
  spread = Math.max(spread, 1e-12);
  [cos, sin] = [cos / spread, sin / spread];
  return [[cos, -sin, tx - cos * sx + sin * sy], [sin, cos, ty - sin * sx - cos * sy]];
}

// A crop as a network's input (C, S, S), normalized.
export function toInput(crop, preprocess) {
  const area = crop.width * crop.height;
  if (preprocess.channels === 'gray') {
    const [mean] = preprocess.mean, [std] = preprocess.std;
    const gray = toGray(crop), input = new Float32Array(area);
    for (let at = 0; at < area; at += 1) input[at] = (gray[at] / 255 - mean) / std;
    return input;
  }
  const order = preprocess.channels === 'bgr' ? [2, 1, 0] : [0, 1, 2];
  const input = new Float32Array(3 * area);
  order.forEach((channel, place) => {
    const mean = preprocess.mean[place], std = preprocess.std[place];
    for (let at = 0; at < area; at += 1) {
      input[place * area + at] = (crop.data[3 * at + channel] / 255 - mean) / std;
    }
  });
  return input;
}

// Spread of the Laplacian of a square gray picture, in gray levels.
export function sharpness(gray, size) {
  const mirrored = (at) => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at);
  let sum = 0, squares = 0;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const value = gray[mirrored(y - 1) * size + x] + gray[mirrored(y + 1) * size + x]
        + gray[y * size + mirrored(x - 1)] + gray[y * size + mirrored(x + 1)]
        - 4 * gray[y * size + x];
      sum += value;
      squares += value * value;
    }
  }
  const count = size * size;
  return Math.sqrt(Math.max(squares / count - (sum / count) ** 2, 0));
}
