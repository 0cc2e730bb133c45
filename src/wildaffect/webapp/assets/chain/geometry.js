// Pose-invariant measures of a face mesh, in distances between the outer eye corners.

import { poseToRotation } from './pose.js';

// Measures in the order of `settings.geometry.measures`.
export function geometry(landmarks, pose, { measures, eye_outer: [right, left] }) {
  const across = Math.hypot(...[0, 1, 2].map((k) => landmarks[3 * left + k] - landmarks[3 * right + k]));
  const rotation = poseToRotation(pose);
  return Float32Array.from(measures, ({ kind, point, base }) => {
    const delta = [0, 1, 2].map((k) => mean(landmarks, point, k) - mean(landmarks, base, k));
    const seen = [delta[0], -delta[1], -delta[2]];
    const [x, y, z] = [0, 1, 2].map((column) => (seen[0] * rotation[0][column]
      + seen[1] * rotation[1][column] + seen[2] * rotation[2][column]) / across);
    if (kind === 'height') return y;
    if (kind === 'width') return Math.abs(x);
    if (kind === 'depth') return z;
    if (kind === 'distance') return Math.hypot(x, y);
    return Math.atan2(y, Math.abs(x)) * 180 / Math.PI;
  });
}

function mean(landmarks, group, axis) {
  return group.reduce((sum, at) => sum + landmarks[3 * at + axis], 0) / group.length;
}
