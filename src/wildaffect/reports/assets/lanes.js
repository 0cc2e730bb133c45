// Drawing of the lanes of one person on a canvas, whatever part of the time is shown.

function palette() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  return {
    ink: color('--ink'), soft: color('--soft'), line: color('--line'), track: color('--track'),
    card: color('--card'), accent: color('--accent'), guess: color('--guess'),
    third: color('--third'), low: color('--low-quality'), held: color('--held'),
    expressions: [0, 1, 2, 3, 4, 5, 6, 7].map((place) => color(`--expression-${place}`)),
  };
}

function expressionColor(colors, place) {
  return colors.expressions[place % colors.expressions.length];
}

// Horizontal scale from seconds to pixels right of the labels.
class Scale {
  constructor(from, to, left, width) {
    Object.assign(this, { from, to, left, width });
    this.perSecond = width / Math.max(to - from, 1e-6);
  }
  x(t) { return this.left + (t - this.from) * this.perSecond; }
  time(x) { return this.from + (x - this.left) / this.perSecond; }
}

function clockText(t, decimals) {
  const sign = t < 0 ? '-' : '';
  const seconds = Number(Math.abs(t).toFixed(decimals));
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - minutes * 60).toFixed(decimals).padStart(decimals ? 3 + decimals : 2, '0');
  const hours = Math.floor(minutes / 60);
  return hours
    ? `${sign}${hours}:${String(minutes % 60).padStart(2, '0')}:${rest}`
    : `${sign}${minutes}:${rest}`;
}

function ticks(scale) {
  const steps = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
  const step = steps.find((each) => each * scale.perSecond >= 64) ?? 7200;
  const decimals = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  const found = [];
  for (let n = Math.ceil(scale.from / step - 1e-6); n * step <= scale.to + 1e-6; n++) {
    found.push({ t: n * step, text: clockText(n * step, decimals) });
  }
  return found;
}

// Calls draw(x, width, value) for runs of equal pixels; of several rows in a pixel, the one
// with the largest weight counts.
function eachRun(person, scale, valueOf, weightOf, draw) {
  const { first, last, starts, stops } = pixelsOf(person, scale);
  const best = new Float64Array(scale.width + 1).fill(-Infinity);
  const shown = new Float64Array(scale.width + 1).fill(NaN);
  for (let row = first; row < last; row++) {
    const value = valueOf(row);
    if (Number.isNaN(value)) continue;
    const weight = weightOf(row);
    for (let pixel = starts[row - first]; pixel < stops[row - first]; pixel++) {
      if (weight > best[pixel]) { best[pixel] = weight; shown[pixel] = value; }
    }
  }
  drawRuns(shown, scale, draw);
}

function drawRuns(shown, scale, draw) {
  for (let pixel = 0; pixel < scale.width;) {
    const value = shown[pixel];
    let stop = pixel + 1;
    while (stop < scale.width && shown[stop] === value) stop++;
    if (!Number.isNaN(value)) draw(scale.left + pixel, stop - pixel, value);
    pixel = stop;
  }
}

// First pixel, and the one after the last, of each row in view; the same for all lanes.
function pixelsOf(person, scale) {
  const key = `${scale.from} ${scale.to} ${scale.width}`;
  if (person.pixels?.key === key) return person.pixels;
  const [first, last] = visibleRows(person, scale);
  const starts = new Int32Array(Math.max(last - first, 0));
  const stops = new Int32Array(starts.length);
  for (let row = first; row < last; row++) {
    const start = Math.max(0, Math.floor(scale.x(person.times[row]) - scale.left));
    const stop = Math.min(scale.width, Math.ceil(scale.x(person.endOf(row)) - scale.left));
    starts[row - first] = start;
    stops[row - first] = Math.max(stop, start + 1);
  }
  person.pixels = { key, first, last, starts, stops };
  return person.pixels;
}

// Least, mean and largest of the rows in each pixel; NaN where there is none.
function pixelStatistics(person, values, scale) {
  const { first, last, starts, stops } = pixelsOf(person, scale);
  const size = scale.width + 1;
  const low = new Float64Array(size).fill(NaN);
  const high = new Float64Array(size).fill(NaN);
  const mean = new Float64Array(size);
  const counts = new Int32Array(size);
  for (let row = first; row < last; row++) {
    const value = values[row];
    if (Number.isNaN(value)) continue;
    for (let pixel = starts[row - first]; pixel < stops[row - first] && pixel < size; pixel++) {
      mean[pixel] += value;
      counts[pixel] += 1;
      if (!(value >= low[pixel])) low[pixel] = value;
      if (!(value <= high[pixel])) high[pixel] = value;
    }
  }
  for (let pixel = 0; pixel < size; pixel++) {
    mean[pixel] = counts[pixel] ? mean[pixel] / counts[pixel] : NaN;
  }
  return { low, mean, high };
}

function visibleRows(person, scale) {
  return [
    Math.max(0, firstAfter(person.times, scale.from) - 1),
    Math.min(person.times.length, firstAfter(person.times, scale.to) + 1),
  ];
}

const DRAW = {
  axis(context, lane, scale, colors) {
    context.fillStyle = colors.soft;
    context.textAlign = 'center';
    for (const { t, text } of ticks(scale)) {
      const half = context.measureText(text).width / 2;
      const x = Math.min(Math.max(scale.x(t), scale.left + half), scale.left + scale.width - half);
      context.fillText(text, x, lane.y + lane.height / 2);
    }
  },

  status(context, lane, scale, colors, person) {
    const fills = [null, colors.accent, colors.low, colors.held];
    eachRun(person, scale, (row) => person.values.status[row],
      (row) => person.values.status[row], (x, width, value) => {
        context.fillStyle = fills[value] ?? colors.accent;
        context.globalAlpha = value === 1 ? 0.35 : 1;
        context.fillRect(x, lane.y + 3, width, lane.height - 6);
      });
    context.globalAlpha = 1;
  },

  band(context, lane, scale, colors, person) {
    const sure = (row) => {
      const certainty = person.at('certainty of expression', row);
      return Number.isNaN(certainty) ? 1 : certainty;
    };
    eachRun(person, scale, (row) => {
      const place = person.values.expression[row];
      return place * 16 + Math.round(sure(row) * 15);
    }, sure, (x, width, value) => {
      context.fillStyle = expressionColor(colors, Math.floor(value / 16));
      context.globalAlpha = 0.2 + 0.8 * ((value % 16) / 15);
      context.fillRect(x, lane.y + 2, width, lane.height - 4);
    });
    context.globalAlpha = 1;
  },

  heat(context, lane, scale, colors, person) {
    context.fillStyle = colors.accent;
    const means = pixelStatistics(person, person.values[lane.columns[0]], scale).mean
      .map((mean) => Math.round(mean * 24));
    drawRuns(means, scale, (x, width, value) => {
      context.globalAlpha = value / 24;
      context.fillRect(x, lane.y + 1, width, lane.height - 2);
    });
    context.globalAlpha = 1;
    for (const event of lane.events) {
      const x = scale.x(event.onset);
      const width = Math.max(2, scale.x(event.offset) - x);
      context.fillStyle = colors.guess;
      context.fillRect(x, lane.y + lane.height - 3, width, 2);
    }
  },

  trace(context, lane, scale, colors, person) {
    const y = (value) => lane.y + 3 + (lane.height - 6) * (lane.high - value) / (lane.high - lane.low);
    context.strokeStyle = colors.line;
    context.lineWidth = 1;
    for (const level of lane.levels) {
      context.beginPath();
      context.moveTo(scale.left, Math.round(y(level)) + 0.5);
      context.lineTo(scale.left + scale.width, Math.round(y(level)) + 0.5);
      context.stroke();
    }
    const inks = [colors.accent, colors.guess, colors.third];
    lane.columns.forEach((name, place) => {
      if (!person.values[name]) return;
      context.strokeStyle = inks[place];
      context.lineWidth = 1.5;
      context.lineJoin = 'round';
      const values = person.values[name];
      const [first, last] = visibleRows(person, scale);
      const isDense = last - first > DENSE * scale.width;
      if (!isDense) {
        strokeTrace(context, person, values, scale, y);
        return;
      }
      const { low, mean, high } = pixelStatistics(person, values, scale);
      context.fillStyle = inks[place];
      context.globalAlpha = 0.3;
      low.forEach((least, pixel) => {
        if (Number.isNaN(least)) return;
        context.fillRect(scale.left + pixel, y(high[pixel]), 1, y(least) - y(high[pixel]));
      });
      context.globalAlpha = 1;
      strokeMeans(context, mean, scale, y);
    });
  },

  marks(context, lane, scale, colors) {
    const rowOf = (event) => lane.rows.indexOf(event.label);
    const inks = [colors.accent, colors.guess, colors.third, colors.soft];
    for (const event of lane.events) {
      const x = scale.x(event.onset);
      const width = Math.max(2, scale.x(event.offset) - x);
      const top = lane.y + 2 + rowOf(event) * lane.rowHeight;
      context.fillStyle = inks[rowOf(event) % inks.length];
      context.fillRect(x, top + 2, width, lane.rowHeight - 4);
    }
  },
};

// Rows per pixel from which on a trace is its mean over the band from least to largest.
const DENSE = 4;

function strokeMeans(context, means, scale, y) {
  let isDown = false;
  context.beginPath();
  means.forEach((mean, pixel) => {
    if (Number.isNaN(mean)) isDown = false;
    else {
      if (isDown) context.lineTo(scale.left + pixel + 0.5, y(mean));
      else context.moveTo(scale.left + pixel + 0.5, y(mean));
      isDown = true;
    }
  });
  context.stroke();
}

// Draws a line; of many rows in one pixel, the least and the largest.
function strokeTrace(context, person, values, scale, y) {
  const [first, last] = visibleRows(person, scale);
  let isDown = false;
  let pixel = -1;
  let low = 0;
  let high = 0;
  let end = 0;
  const flush = () => {
    if (pixel < 0 || low === high) return;
    context.lineTo(pixel, y(low));
    context.lineTo(pixel, y(high));
    context.lineTo(pixel, y(end));
  };
  context.beginPath();
  for (let row = first; row < last; row++) {
    const value = values[row];
    if (Number.isNaN(value) || (row > first && person.times[row] > person.endOf(row - 1) + 1e-6)) {
      flush();
      isDown = false;
      pixel = -1;
      if (Number.isNaN(value)) continue;
    }
    const x = scale.x(person.times[row]);
    if (isDown && Math.floor(x) === Math.floor(pixel)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      end = value;
      continue;
    }
    flush();
    if (isDown) context.lineTo(x, y(value));
    else {
      context.moveTo(x, y(value));
      context.lineTo(x + 0.75, y(value));
    }
    isDown = true;
    pixel = x;
    low = high = end = value;
  }
  flush();
  context.stroke();
}

// Draws all lanes; returns nothing. `lanes` have y and height.
function drawLanes(canvas, person, lanes, scale, colors) {
  const context = prepare(canvas);
  const width = canvas.clientWidth;
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (const lane of lanes) {
    context.save();
    context.beginPath();
    context.rect(scale.left, lane.y, scale.width, lane.height);
    context.clip();
    if (lane.kind !== 'axis') {
      context.fillStyle = colors.track;
      context.globalAlpha = 0.55;
      context.fillRect(scale.left, lane.y + 1, scale.width, lane.height - 2);
      context.globalAlpha = 1;
    }
    DRAW[lane.kind](context, lane, scale, colors, person);
    context.restore();
    drawLabels(context, lane, scale, colors, width);
  }
}

function drawLabels(context, lane, scale, colors) {
  context.textAlign = 'right';
  const right = scale.left - 8;
  const lines = scale.left > 90 ? lane.labels : lane.shortLabels;
  const inks = lane.kind === 'trace' ? [colors.accent, colors.guess, colors.third] : [];
  const marks = [colors.accent, colors.guess, colors.third, colors.soft];
  const rowHeight = lane.rowHeight ?? Math.min(15, lane.height / Math.max(lines.length, 1));
  const top = lane.rowHeight ? lane.y + 2 : lane.y + (lane.height - rowHeight * lines.length) / 2;
  lines.forEach((line, place) => {
    context.fillStyle = lane.kind === 'marks' ? marks[place % 4] : inks[place] ?? colors.ink;
    context.fillText(line, right, top + rowHeight * (place + 0.5), right - 2);
  });
}

// Fits the canvas to its place and to the screen's pixels; returns a cleared context.
function prepare(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

const TRAIL_S = 3;

// Draws valence across and arousal upward: all that is shown faintly, the last seconds, now.
function drawCircumplex(canvas, person, scale, t, colors) {
  const context = prepare(canvas);
  const side = canvas.clientWidth;
  const place = (value) => side / 2 + value * (side / 2 - 16);
  context.strokeStyle = colors.line;
  context.beginPath();
  context.arc(side / 2, side / 2, side / 2 - 16, 0, 2 * Math.PI);
  context.moveTo(16, side / 2);
  context.lineTo(side - 16, side / 2);
  context.moveTo(side / 2, 16);
  context.lineTo(side / 2, side - 16);
  context.stroke();
  context.fillStyle = colors.soft;
  context.font = '10px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  context.fillText('active', side / 2, 8);
  context.fillText('passive', side / 2, side - 8);
  context.textAlign = 'left';
  context.fillText('negative', 2, side / 2 - 8);
  context.textAlign = 'right';
  context.fillText('positive', side - 2, side / 2 - 8);
  const { valence, arousal } = person.values;
  if (!valence || !arousal) return;
  const [first, last] = visibleRows(person, scale);
  const stride = Math.max(1, Math.floor((last - first) / 4000));
  context.fillStyle = colors.soft;
  context.globalAlpha = 0.18;
  for (let row = first; row < last; row += stride) {
    context.fillRect(place(valence[row]) - 1, place(-arousal[row]) - 1, 2, 2);
  }
  const now = person.rowAt(t);
  context.strokeStyle = colors.accent;
  context.lineWidth = 1.5;
  let row = firstAfter(person.times, t - TRAIL_S);
  for (; row < now; row++) {
    if (person.times[row + 1] > person.endOf(row) + 1e-6) continue;
    context.globalAlpha = 0.15 + 0.85 * (1 - (t - person.times[row]) / TRAIL_S);
    context.beginPath();
    context.moveTo(place(valence[row]), place(-arousal[row]));
    context.lineTo(place(valence[row + 1]), place(-arousal[row + 1]));
    context.stroke();
  }
  context.globalAlpha = 1;
  if (now >= 0 && !Number.isNaN(valence[now])) {
    context.fillStyle = colors.guess;
    context.beginPath();
    context.arc(place(valence[now]), place(-arousal[now]), 5, 0, 2 * Math.PI);
    context.fill();
  }
}
