// Face detection with six points per face (BlazeFace, full range).

import { centerOf, isInside, overlap, regionAround } from './regions.js';
import { closeView, cutView, isWhole, shrink } from './views.js';

const EYES = { right: 0, left: 1 };

// Region of a detection for the landmark network.
export function regionOf(detection, margin) {
  const [left, top, right, bottom] = detection.box;
  const { angle } = regionAround(detection.points, 2, EYES.right, EYES.left, 1);
  return {
    centerX: (left + right) / 2,
    centerY: (top + bottom) / 2,
    side: Math.max(right - left, bottom - top) * margin,
    angle,
  };
}

export class FaceDetector {
  constructor(network, settings) {
    this.network = network;
    this.limits = settings.detector;
    this.size = settings.views.input_px;
    this.closeShare = settings.views.close_view;
  }

  // The frame at the detector's size: its longer side becomes that of the input.
  shrinkFrame(picture) {
    return shrink(picture, this.scaleOf(picture));
  }

  scaleOf({ width, height }) {
    return this.size / Math.max(width, height);
  }

  detect(picture) {
    return this.detectIn(this.shrinkFrame(picture), this.scaleOf(picture));
  }

  // Faces in a small picture, most confident first, in pixels of the frame.
  async detectIn(small, scale, minScore = this.limits.min_score) {
    const left = Math.floor((this.size - small.width) / 2);
    const top = Math.floor((this.size - small.height) / 2);
    const input = this.centered(small, left, top);
    const [boxes, logits] = await this.network.runOne(input, [1, this.size, this.size, 3]);
    const found = [];
    for (let cell = 0; cell < logits.length; cell += 1) {
      const score = 1 / (1 + Math.exp(-Math.min(Math.max(logits[cell], -80), 80)));
      if (score < minScore) continue;
      found.push({ score, values: this.decode(boxes, cell, left, top, scale) });
    }
    return merge(found, this.limits.same_face_overlap);
  }

  centered(small, left, top) {
    const input = new Float32Array(this.size * this.size * 3).fill(-1);
    for (let y = 0; y < small.height; y += 1) {
      const to = 3 * ((y + top) * this.size + left), from = 3 * y * small.width;
      for (let at = 0; at < 3 * small.width; at += 1) {
        input[to + at] = (small.data[from + at] - 127.5) / 127.5;
      }
    }
    return input;
  }

  // Box and six points of a cell, in pixels of the frame.
  decode(boxes, cell, left, top, scale) {
    const { grid } = this.limits;
    const cellX = (cell % grid + 0.5) / grid, cellY = (Math.floor(cell / grid) + 0.5) / grid;
    const raw = Array.from({ length: 16 }, (_, at) => boxes[16 * cell + at] / this.size);
    const x = raw[0] + cellX, y = raw[1] + cellY;
    const flat = [x - raw[2] / 2, y - raw[3] / 2, x + raw[2] / 2, y + raw[3] / 2];
    for (let at = 4; at < 16; at += 2) flat.push(raw[at] + cellX, raw[at + 1] + cellY);
    return flat.map((value, at) => (value * this.size - (at % 2 ? top : left)) / scale);
  }

  // Faces that are completely in a view of the frame.
  async look(picture, view, minScore = this.limits.min_score) {
    const small = cutView(picture, view, this.size);
    const found = await this.detectIn(small, this.size / view.side, minScore);
    const shifted = found.map(({ score, box, points }) => ({
      score,
      box: box.map((value, at) => value + (at % 2 ? view.top : view.left)),
      points: points.map((value, at) => value + (at % 2 ? view.top : view.left)),
    }));
    return shifted.filter(({ box }) => isWhole(view, box, picture));
  }

  // Faces of a tile; uncertain faces are confirmed in a closer view.
  async lookAtTile(picture, tile) {
    const found = [];
    for (const hint of await this.look(picture, tile, this.limits.hint_score)) {
      if (hint.score >= this.limits.sure_score) {
        found.push(hint);
        continue;
      }
      const closer = await this.lookCloser(picture, hint.box);
      found.push(...closer.filter(({ score }) => score >= this.limits.close_score));
    }
    return found;
  }

  // Faces in the middle of a box, at a higher resolution.
  async lookCloser(picture, box) {
    const found = await this.look(picture, closeView(box, this.closeShare));
    return found.filter((face) => isInside(centerOf(face.box), box));
  }

  // The known faces and those of `more` that are different faces.
  withNew(known, more) {
    const found = [...known];
    for (const face of more) {
      const isKnown = found.some((other) => overlap(face.box, other.box)
        > this.limits.same_face_overlap || isInside(centerOf(face.box), other.box)
        || isInside(centerOf(other.box), face.box));
      if (!isKnown) found.push(face);
    }
    return found;
  }
}

// One detection per face: the score-weighted mean of overlapping boxes.
function merge(found, sameOverlap) {
  let order = found.toSorted((a, b) => b.score - a.score || a.values[0] - b.values[0]);
  const merged = [];
  while (order.length) {
    const best = order[0];
    const same = order.filter(({ values }) => overlap(best.values, values) > sameOverlap);
    const total = same.reduce((sum, { score }) => sum + score, 0);
    const mean = best.values.map((_, at) => same
      .reduce((sum, { score, values }) => sum + score * values[at], 0) / total);
    merged.push({ score: best.score, box: mean.slice(0, 4), points: mean.slice(4) });
    order = order.filter((each) => each !== best && !same.includes(each));
  }
  return merged;
}
