// 478 landmarks and face presence in a region of a frame (MediaPipe Face Mesh V2).

import { regionAround, toPixels, warp } from './regions.js';

export class FaceMesh {
  constructor(network, settings) {
    this.network = network;
    this.limits = settings.mesh;
  }

  // Mesh in a region: { landmarks, presence, box }, landmarks flat (x, y, z) in pixels.
  async look(picture, region) {
    const size = this.limits.input_px, matrix = toPixels(region, size);
    const crop = warp(picture, matrix, size);
    const input = new Float32Array(crop.data.length);
    for (let at = 0; at < input.length; at += 1) input[at] = crop.data[at] / 255;
    const [points, logit] = await this.network.runOne(input, [1, size, size, 3]);
    const landmarks = placed(points, matrix, region.side / size);
    return { landmarks, presence: 1 / (1 + Math.exp(-logit[0])), box: boxOf(landmarks) };
  }

  // Region for this face in the next frame.
  regionOf({ landmarks }) {
    const { right_eye: right, left_eye: left, region_margin: margin } = this.limits;
    return regionAround(landmarks, 3, right, left, margin);
  }
}

export function boxOf(landmarks) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < landmarks.length; at += 3) {
    box[0] = Math.min(box[0], landmarks[at]);
    box[1] = Math.min(box[1], landmarks[at + 1]);
    box[2] = Math.max(box[2], landmarks[at]);
    box[3] = Math.max(box[3], landmarks[at + 1]);
  }
  return box;
}

// Points of the crop in pixels of the frame.
function placed(points, [[a, b, c], [d, e, f]], depthScale) {
  const det = a * e - b * d;
  const found = new Float32Array(points.length);
  for (let at = 0; at < points.length; at += 3) {
    const x = points[at] - c, y = points[at + 1] - f;
    found[at] = (e * x - b * y) / det;
    found[at + 1] = (a * y - d * x) / det;
    found[at + 2] = points[at + 2] * depthScale;
  }
  return found;
}
