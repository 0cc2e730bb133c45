// Streams of rows: causal windows, models at another rate, smoothing. Each takes one row at a
// time and returns the rows that are then final: [{ timeS, output }].

const EARLY_RATIO = 0.1, TOLERANCE_S = 1.1e-3, REACH_TIME_CONSTANTS = 5;

// Whether a row is kept, about 1 / rate after the last that was.
export function keptRow(timeS, lastS, rateHz) {
  return timeS >= lastS + (1 - EARLY_RATIO) / rateHz;
}

// Runs a model on each row by itself.
export class FrameWise {
  constructor(predict) {
    this.predict = predict;
  }

  async push(timeS, row) {
    return [{ timeS, output: await this.predict([row], [0]) }];
  }

  flush() {
    return [];
  }
}

// Runs a model on each row and the rows before it, `window.length_s` back; a window at the
// beginning is filled with its first row if `lead_step_s` is given.
export class Causal {
  constructor(predict, window) {
    this.predict = predict;
    this.window = window;
    this.rows = [];
  }

  async push(timeS, row) {
    const { length_s: lengthS, max_gap_s: maxGapS, lead_step_s: stepS } = this.window;
    const isBreak = this.rows.length && timeS - this.rows.at(-1).timeS > maxGapS + TOLERANCE_S;
    const sinceS = timeS - lengthS + TOLERANCE_S;
    const before = isBreak ? [] : this.rows.filter((each) => each.timeS >= sinceS);
    this.rows = [...before, { timeS, row }];
    const first = this.rows[0];
    const count = stepS ? Math.max(0, Math.trunc((first.timeS - sinceS) / stepS)) : 0;
    const lead = Array.from({ length: count },
      (_, place) => ({ timeS: first.timeS - stepS * (count - place), row: first.row }));
    const seen = [...lead, ...this.rows];
    const times = seen.map((each) => each.timeS - seen[0].timeS);
    return [{ timeS, output: await this.predict(seen.map((each) => each.row), times) }];
  }

  flush() {
    return [];
  }
}

// Passes on rows about 1 / rate apart and interpolates the outputs of the others.
export class AtRate {
  constructor(inner, rateHz, longestGapS) {
    Object.assign(this, { inner, rateHz, longestGapS });
    this.last = null;
    this.waiting = [];
  }

  async push(timeS, row) {
    if (this.last && !keptRow(timeS, this.last.timeS, this.rateHz)) {
      this.waiting.push(timeS);
      return [];
    }
    const [next] = await this.inner.push(timeS, row);
    const { last } = this;
    const isJoined = last && next.timeS - last.timeS <= this.longestGapS;
    const filled = this.waiting.map((at) => ({ timeS: at, output: isJoined
      ? mix(last, next, at) : last.output }));
    this.waiting = [];
    this.last = next;
    return [...filled, next];
  }

  flush() {
    const rest = this.waiting.map((timeS) => ({ timeS, output: this.last.output }));
    this.waiting = [];
    return rest;
  }
}

function mix(before, after, timeS) {
  const share = (timeS - before.timeS) / (after.timeS - before.timeS);
  return before.output.map((value, at) => value + share * (after.output[at] - value));
}

// Smooths groups of columns with causal exponential weights: [{ start, stop, constantS }].
export class Smoother {
  constructor(groups) {
    this.groups = groups;
    this.reachS = Math.max(0, ...groups.map(({ constantS }) => constantS)) * REACH_TIME_CONSTANTS;
    this.rows = [];
  }

  push(timeS, output) {
    this.rows = this.rows.filter((each) => each.timeS >= timeS - this.reachS - TOLERANCE_S);
    this.rows.push({ timeS, output });
    const smoothed = Float64Array.from(output);
    for (const { start, stop, constantS } of this.groups) {
      const since = timeS - REACH_TIME_CONSTANTS * constantS - TOLERANCE_S;
      const seen = this.rows.filter((each) => each.timeS >= since);
      const weights = seen.map((each) => Math.exp((each.timeS - timeS) / constantS));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let at = start; at < stop; at += 1) {
        smoothed[at] = seen.reduce((sum, each, place) => sum + weights[place] * each.output[at], 0)
          / total;
      }
    }
    return smoothed;
  }
}
