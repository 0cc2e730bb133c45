// Head pose from landmarks: weighted rigid fit of the canonical face.

const DEGREES = 180 / Math.PI;

// Angles of R = Rz(-roll) Ry(yaw) Rx(-pitch), in degrees: [yaw, pitch, roll].
export function headPose(landmarks, face) {
  const rotation = headRotation(landmarks, face);
  return [
    Math.asin(Math.min(Math.max(-rotation[2][0], -1), 1)) * DEGREES,
    -Math.atan2(rotation[2][1], rotation[2][2]) * DEGREES,
    -Math.atan2(rotation[1][0], rotation[0][0]) * DEGREES,
  ];
}

export function poseToRotation([yaw, pitch, roll]) {
  const [y, p, r] = [yaw / DEGREES, -pitch / DEGREES, -roll / DEGREES];
  const [sy, cy, sp, cp, sr, cr] = [Math.sin(y), Math.cos(y), Math.sin(p), Math.cos(p),
    Math.sin(r), Math.cos(r)];
  return [[cr * cy, cr * sy * sp - sr * cp, cr * sy * cp + sr * sp],
    [sr * cy, sr * sy * sp + cr * cp, sr * sy * cp - cr * sp],
    [-sy, cy * sp, cy * cp]];
}

// Rotation of the canonical face onto the landmarks; x to the image's right, y up, z to the
// camera. Source: the quaternion of largest eigenvalue, B. Horn, JOSA A 4:629, 1987; the
// same minimum as by singular value decomposition.
function headRotation(landmarks, { vertices, index, weight }) {
  const total = weight.reduce((sum, value) => sum + value, 0);
  const middle = { model: [0, 0, 0], seen: [0, 0, 0] };
  const points = index.map((landmark, place) => ({
    share: weight[place] / total,
    model: vertices[place],
    seen: [landmarks[3 * landmark], -landmarks[3 * landmark + 1], -landmarks[3 * landmark + 2]],
  }));
  for (const { share, model, seen } of points) {
    for (let k = 0; k < 3; k += 1) {
      middle.model[k] += share * model[k];
      middle.seen[k] += share * seen[k];
    }
  }
  const s = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
  for (const { share, model, seen } of points) {
    for (let i = 0; i < 3; i += 1) {
      for (let j = 0; j < 3; j += 1) {
        s[i][j] += share * (model[i] - middle.model[i]) * (seen[j] - middle.seen[j]);
      }
    }
  }
  const [w, x, y, z] = largestEigenvector([
    [s[0][0] + s[1][1] + s[2][2], s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]],
    [s[1][2] - s[2][1], s[0][0] - s[1][1] - s[2][2], s[0][1] + s[1][0], s[2][0] + s[0][2]],
    [s[2][0] - s[0][2], s[0][1] + s[1][0], s[1][1] - s[0][0] - s[2][2], s[1][2] + s[2][1]],
    [s[0][1] - s[1][0], s[2][0] + s[0][2], s[1][2] + s[2][1], s[2][2] - s[0][0] - s[1][1]],
  ]);
  return [[w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z]];
}

// Eigenvector of the largest eigenvalue of a symmetric matrix, by Jacobi rotations.
function largestEigenvector(matrix) {
  const size = matrix.length;
  const vectors = matrix.map((_, i) => matrix.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 30; sweep += 1) {
    let off = 0;
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        off += matrix[p][q] ** 2;
        rotate(matrix, vectors, p, q);
      }
    }
    if (off < 1e-24) break;
  }
  const values = matrix.map((row, i) => row[i]);
  const best = values.indexOf(Math.max(...values));
  return vectors.map((row) => row[best]);
}

function rotate(matrix, vectors, p, q) {
  if (matrix[p][q] === 0) return;
  const angle = 0.5 * Math.atan2(2 * matrix[p][q], matrix[p][p] - matrix[q][q]);
  const cos = Math.cos(angle), sin = Math.sin(angle);
  const mix = (row, i, j) => [cos * row[i] + sin * row[j], cos * row[j] - sin * row[i]];
  for (const row of [...matrix, ...vectors]) [row[p], row[q]] = mix(row, p, q);
  const [first, second] = [matrix[p], matrix[q]];
  matrix[p] = first.map((value, k) => cos * value + sin * second[k]);
  matrix[q] = first.map((value, k) => cos * second[k] - sin * value);
}
