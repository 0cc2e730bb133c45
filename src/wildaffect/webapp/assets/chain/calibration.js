// Calibration of one row of outputs, and its columns in the table.

// Columns of valence, arousal, expression and action units.
export function toColumns(row, artifact, members) {
  const { layout } = members, columns = {};
  const part = (name) => Array.from(row.subarray(layout[name].start, layout[name].stop), Math.fround);
  for (const task of ['valence', 'arousal']) {
    if (!layout[task]) continue;
    [columns[task]] = part(task);
    if (members.predicting(task).length > 1) [columns[`${task}_sd`]] = part(`spread ${task}`);
  }
  if (layout.expression) {
    const probs = expressionProbs(part('expression'), artifact.calibration);
    const { predicted } = artifact.expression;
    columns.expression = predicted[probs.indexOf(Math.max(...probs))];
    predicted.forEach((label, at) => { columns[`p_${label.toLowerCase()}`] = probs[at]; });
  }
  if (layout.action_units) Object.assign(columns, unitColumns(part, artifact, layout));
  return columns;
}

function unitColumns(part, artifact, layout) {
  const { predicted, sided } = artifact.action_units, columns = {};
  const probs = unitProbs(part('action_units'), artifact.calibration);
  const present = unitsPresent(probs, artifact);
  predicted.forEach((label, at) => {
    columns[label] = probs[at];
    columns[`${label}_present`] = present[at];
  });
  if (layout.action_unit_intensity) {
    part('action_unit_intensity').forEach((value, at) => {
      columns[`${predicted[at]}_intensity`] = value;
    });
  }
  for (const side of sided.length ? ['left', 'right'] : []) {
    const values = part(`action_unit_intensity_${side}`);
    for (const label of sided) columns[`${label}_${side}`] = values[predicted.indexOf(label)];
  }
  return columns;
}

function expressionProbs(probs, { expression_temperature: temperature, expression_bias: bias }) {
  if (temperature === 1 && !bias.length) return probs;
  const most = Math.max(...probs), mostBias = Math.max(...bias, -Infinity);
  const powers = probs.map((value, at) => (value / most) ** (1 / temperature)
    * (bias.length ? Math.exp(bias[at] - mostBias) : 1));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

function unitProbs(probs, { action_units_temperature: temperature }) {
  if (temperature === 1) return probs;
  return probs.map((value) => {
    const present = value ** (1 / temperature), absent = (1 - value) ** (1 / temperature);
    return present / (present + absent);
  });
}

// Presence at or above the threshold; of units that exclude each other, only that further
// above its threshold.
function unitsPresent(probs, { calibration, action_units: units }) {
  const thresholds = probs.map((_, at) => Math.fround(calibration.action_unit_thresholds[at] ?? 0.5));
  const margins = probs.map((value, at) => value - thresholds[at]);
  const present = margins.map((margin) => margin >= 0);
  const excluded = (units.excluded ?? [])
    .map((pair) => pair.map((label) => units.predicted.indexOf(label)));
  for (const unit of margins.map((_, at) => at).sort((a, b) => margins[b] - margins[a])) {
    if (!present[unit]) continue;
    for (const [first, second] of excluded) {
      if (unit === first) present[second] = false;
      if (unit === second) present[first] = false;
    }
  }
  return present;
}
