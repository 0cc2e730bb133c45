// Columns of numbers: deflated, in byte planes, differences in zigzag code; see encoding.py.

async function inflate(base64) {
  const packed = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Returns the values of one column; NaN where a cell is empty.
function decodeColumn(bytes, column) {
  const { offset, length, width, step, base } = column;
  const values = new Float64Array(length);
  let code = 0;
  for (let row = 0; row < length; row++) {
    let zigzag = 0;
    for (let plane = width - 1; plane >= 0; plane--) {
      zigzag = zigzag * 256 + bytes[offset + plane * length + row];
    }
    code += zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
    values[row] = code === 0 ? NaN : base + (code - 1) * step;
  }
  return values;
}

// First row whose time is after t; `times` ascend.
function firstAfter(times, t) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] > t) high = middle;
    else low = middle + 1;
  }
  return low;
}

// A person: the decoded columns by name, with the times of the rows.
class Person {
  constructor(described, bytes) {
    Object.assign(this, described);
    this.values = {};
    for (const [name, column] of Object.entries(described.columns)) {
      this.values[name] = decodeColumn(bytes, column);
    }
    this.times = this.values.time_s;
    this.stepS = typicalStep(this.times);
  }

  // Row shown at t, or -1 where the person has none.
  rowAt(t) {
    const row = firstAfter(this.times, t + 1e-4) - 1;
    return row >= 0 && t - this.times[row] < 1.5 * this.stepS ? row : -1;
  }

  // Time until which a row is shown.
  endOf(row) {
    const next = row + 1 < this.times.length ? this.times[row + 1] : Infinity;
    return Math.min(next, this.times[row] + 1.5 * this.stepS);
  }

  at(name, row) {
    const values = this.values[name];
    return values === undefined || row < 0 ? NaN : values[row];
  }
}

// Median time from row to row; a thirtieth of a second where there is one row.
function typicalStep(times) {
  const steps = [];
  const stride = Math.max(1, Math.floor(times.length / 1000));
  for (let row = 1; row < times.length; row += stride) steps.push(times[row] - times[row - 1]);
  steps.sort((a, b) => a - b);
  return steps.length ? Math.max(steps[steps.length >> 1], 1e-3) : 1 / 30;
}
