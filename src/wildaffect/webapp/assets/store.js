// The rows that have arrived, by frame and by person.

export class RowStore {
  constructor() {
    this.rows = [];
    this.frames = []; // { timeS, rows }, in order of time
    this.people = new Map();
  }

  add(rows) {
    for (const row of rows) {
      this.rows.push(row);
      if (this.frames.at(-1)?.timeS !== row.time_s) this.frames.push({ timeS: row.time_s, rows: [] });
      this.frames.at(-1).rows.push(row);
      if (row.track_id === undefined) continue;
      if (!this.people.has(row.track_id)) this.people.set(row.track_id, []);
      this.people.get(row.track_id).push(row);
    }
  }

  get lastS() {
    return this.frames.at(-1)?.timeS ?? 0;
  }

  // Rows of the frame that is shown at a time; none before the first or long after the last.
  at(timeS) {
    const found = this.frames[lastAt(this.frames, timeS, (frame) => frame.timeS)];
    return found && timeS - found.timeS < 0.5 ? found.rows : [];
  }
}

// Place of the last of ordered values at or before a time, or -1.
export function lastAt(values, timeS, timeOf) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(values[middle]) <= timeS + 1e-4) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
