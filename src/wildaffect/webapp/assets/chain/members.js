// The networks of an artifact: outputs of its members, their weighted mean and spread.

import { AtRate, Causal, FrameWise } from './streams.js';

const MAX_INTENSITY = 5, LEAST_LOGIT = -700, TOLERANCE_S = 1.1e-3;
const SINGLE = ['valence', 'arousal'];

export class Members {
  constructor(networks, settings) {
    const { artifact } = settings;
    this.layout = layoutOf(artifact);
    this.size = Object.values(this.layout).at(-1)?.stop ?? 0;
    this.inputs = artifact.inputs;
    this.artifact = artifact;
    this.members = artifact.members.map((member, place) => ({
      network: networks.members[place],
      weight: member.weight,
      tasks: member.tasks ?? tasksOf(artifact),
      reads: member.inputs ?? this.inputs.map(({ key }) => key),
      rescaled: member.rescaled ?? {},
      window: member.window ?? artifact.window,
    }));
  }

  // One stream per member for one person; `join` combines their outputs of a row.
  streams() {
    return this.members.map((member) => {
      const predict = (rows, times) => this.predict(member, rows, times);
      if (member.window.max_gap_s === 0) return new FrameWise(predict);
      const inner = new Causal(predict, member.window);
      const { rate_hz: rateHz } = this.artifact;
      return rateHz ? new AtRate(inner, rateHz, member.window.max_gap_s + TOLERANCE_S) : inner;
    });
  }

  // Weighted mean over the members of each column, and the spread of valence and arousal.
  join(outputs) {
    const joined = new Float64Array(this.size);
    for (const [name, { start, stop }] of Object.entries(this.layout)) {
      if (name.startsWith('spread ')) continue;
      const seen = this.predicting(name).map((place) => ({ output: outputs[place],
        weight: this.members[place].weight }));
      const total = seen.reduce((sum, { weight }) => sum + weight, 0);
      const mean = (value) => seen
        .reduce((sum, { output, weight }) => sum + weight * value(output), 0) / total;
      for (let at = start; at < stop; at += 1) joined[at] = mean((output) => output[at]);
      const spread = this.layout[`spread ${name}`];
      if (spread) {
        joined[spread.start] = Math.sqrt(mean((output) => (output[start] - joined[start]) ** 2));
      }
    }
    return joined;
  }

  // Places of the members that predict some columns.
  predicting(name) {
    return this.members.flatMap(({ tasks }, place) => (tasks.includes(taskOf(name)) ? [place] : []));
  }

  async predict(member, rows, times) {
    const width = member.reads.reduce((sum, key) => sum + rows[0][key].length, 0);
    const data = new Float32Array(rows.length * width);
    rows.forEach((row, place) => {
      let to = place * width;
      for (const key of member.reads) {
        data.set(row[key], to);
        to += row[key].length;
      }
    });
    const given = {
      features: { data, shape: [1, rows.length, width] },
      lengths: { data: BigInt64Array.of(BigInt(rows.length)), shape: [1] },
      times_s: { data: Float32Array.from(times), shape: [1, times.length] },
    };
    const wanted = Object.fromEntries(member.network.inputNames.map((name) => [name, given[name]]));
    return this.read(member, await member.network.run(wanted), rows.length);
  }

  // Values and probabilities of the last row.
  read(member, answer, count) {
    const output = new Float64Array(this.size);
    for (const [name, { start, stop }] of Object.entries(this.layout)) {
      const task = taskOf(name);
      if (name.startsWith('spread ') || !member.tasks.includes(task)) continue;
      const width = stop - start;
      const raw = answer[name].subarray((count - 1) * width, count * width);
      output.set(readTask(name, raw, member.rescaled[task]), start);
    }
    return output;
  }
}

// Columns of an output: name -> { start, stop }.
function layoutOf(artifact) {
  const widths = {};
  for (const task of SINGLE.filter((name) => artifact[`predicts_${name}`])) {
    widths[task] = 1;
    widths[`spread ${task}`] = 1;
  }
  if (artifact.expression) widths.expression = artifact.expression.predicted.length;
  const units = artifact.action_units;
  if (units) {
    widths.action_units = units.predicted.length;
    if (units.intensity) widths.action_unit_intensity = widths.action_units;
    if (units.sided.length) {
      widths.action_unit_intensity_left = widths.action_units;
      widths.action_unit_intensity_right = widths.action_units;
    }
  }
  let stop = 0;
  return Object.fromEntries(Object.entries(widths).map(([name, width]) => {
    const start = stop;
    stop += width;
    return [name, { start, stop }];
  }));
}

function tasksOf(artifact) {
  return [...SINGLE.filter((name) => artifact[`predicts_${name}`]),
    ...(artifact.expression ? ['expression'] : []),
    ...(artifact.action_units ? ['action_units'] : [])];
}

// Task whose weights and smoothing apply to some columns.
export function taskOf(name) {
  if (name.startsWith('action_unit_intensity')) return 'action_units';
  return name.replace('spread ', '');
}

function readTask(name, raw, rescaled = { scale: 1, offset: 0 }) {
  const values = [...raw];
  if (name.startsWith('action_unit_intensity')) {
    return values.map((value) => Math.min(Math.max(value, 0), MAX_INTENSITY));
  }
  if (SINGLE.includes(name)) {
    const clip = (value) => Math.min(Math.max(value, -1), 1);
    return values.map((value) => clip(rescaled.scale * clip(value) + rescaled.offset));
  }
  if (name === 'action_units') {
    return values.map((value) => 1 / (1 + Math.exp(-Math.max(value, LEAST_LOGIT))));
  }
  const most = Math.max(...values), powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}
