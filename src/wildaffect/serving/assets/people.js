// Numbers of the people in a frame, and their traces of valence and arousal over time.

const COLORS = ['#4dd0e1', '#ffb74d', '#ae84ff', '#81d476', '#ff8095', '#64a8ff', '#f0dc5a',
  '#5cdbaa'];
const MAX_PEOPLE = 8, GAP_S = 1;

function signed(value) {
  return Number.isFinite(value) ? `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}` : '';
}

// Shows the rows of one frame in the body of a table.
export function showNumbers(body, rows) {
  const lines = rows.filter((row) => row.track_id !== undefined).map((row) => {
    const line = document.createElement('tr');
    const name = document.createElement('th');
    name.scope = 'row';
    const swatch = document.createElement('span');
    swatch.className = 'swatch';
    swatch.style.background = COLORS[row.track_id % COLORS.length];
    name.append(swatch, String(row.track_id));
    line.append(name);
    const last = row.expression ?? row.status.replace('_', ' ');
    for (const text of [signed(row.valence), signed(row.arousal), last]) {
      line.insertCell().textContent = text;
    }
    return line;
  });
  if (!lines.length) {
    const line = document.createElement('tr');
    const cell = line.insertCell();
    cell.colSpan = 4;
    cell.textContent = 'No face';
    lines.push(line);
  }
  body.replaceChildren(...lines);
}

// Traces of every person below one another, from `from_s` to `to_s`, with a mark at `now_s`.
// `onSeek` is called with the time where somebody clicks.
export class Traces {
  constructor(place, onSeek = null) {
    Object.assign(this, { place, onSeek, from_s: 0, to_s: 1, now_s: null });
    this.people = new Map();
    this.more = document.createElement('p');
    this.more.textContent = `More than ${MAX_PEOPLE} people: tables and report have them all.`;
    this.clear();
    new ResizeObserver(() => this.draw()).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  clear() {
    this.people.clear();
    this.more.hidden = true;
    this.place.replaceChildren(this.more);
  }

  add(row) {
    if (row.track_id === undefined) return;
    let person = this.people.get(row.track_id);
    if (!person) {
      if (this.people.size >= MAX_PEOPLE) {
        this.more.hidden = false;
        return;
      }
      person = this.figure(row.track_id);
      this.people.set(row.track_id, person);
    }
    person.points.push([row.time_s, row.valence ?? NaN, row.arousal ?? NaN]);
  }

  forgetBefore(time_s) {
    for (const [id, person] of this.people) {
      const kept = person.points.findIndex((point) => point[0] >= time_s);
      person.points.splice(0, kept < 0 ? person.points.length : kept);
      if (person.points.length) continue;
      person.figure.remove();
      this.people.delete(id);
    }
  }

  figure(id) {
    const figure = document.createElement('figure');
    const caption = document.createElement('figcaption');
    const canvas = document.createElement('canvas');
    canvas.setAttribute('role', 'img');
    const title = document.createElement('b');
    title.textContent = `Person ${id}`;
    caption.append(title, key('valence'), key('arousal'));
    figure.append(caption, canvas);
    if (this.onSeek) {
      canvas.addEventListener('click', (event) => {
        const part = event.offsetX / canvas.clientWidth;
        this.onSeek(this.from_s + part * (this.to_s - this.from_s));
      });
    }
    this.place.insertBefore(figure, this.more);
    return { id, figure, canvas, points: [] };
  }

  draw() {
    for (const person of this.people.values()) this.drawPerson(person);
  }

  drawPerson({ id, canvas, points }) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const pen = sharpPen(canvas, width, height);
    const style = getComputedStyle(canvas);
    const color = (name) => style.getPropertyValue(name);
    const x = (t) => ((t - this.from_s) / (this.to_s - this.from_s)) * width;
    const y = (value) => height / 2 - value * (height / 2 - 6);
    pen.strokeStyle = color('--line');
    line(pen, [[0, height / 2], [width, height / 2]]);
    for (const [name, place] of [['--accent', 1], ['--guess', 2]]) {
      pen.strokeStyle = color(name);
      pen.lineWidth = 1.8;
      curve(pen, points, place, x, y);
    }
    pen.lineWidth = 1;
    if (this.now_s !== null) {
      pen.strokeStyle = color('--ink');
      line(pen, [[x(this.now_s), 0], [x(this.now_s), height]]);
    }
    pen.fillStyle = color('--soft');
    pen.font = '11px system-ui, sans-serif';
    pen.fillText('+1', 4, 13);
    pen.fillText('−1', 4, height - 5);
    const [last_s, valence, arousal] = points.at(-1) ?? [0, NaN, NaN];
    canvas.setAttribute('aria-label', `Valence and arousal of person ${id}, at ` +
      `${last_s.toFixed(1)} s ${signed(valence) || 'unknown'} and ${signed(arousal) || 'unknown'}`);
  }
}

function sharpPen(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

function key(name) {
  const span = document.createElement('span');
  const dash = document.createElement('i');
  dash.className = name;
  span.append(dash, name);
  return span;
}

function line(pen, points) {
  pen.beginPath();
  points.forEach(([x, y]) => pen.lineTo(x, y));
  pen.stroke();
}

// Draws a curve with gaps where there is no value, with about two points per pixel at most.
function curve(pen, points, place, x, y) {
  const step = Math.max(1, Math.floor(points.length / (2 * pen.canvas.width)));
  let last_s = -Infinity;
  pen.beginPath();
  for (let n = 0; n < points.length; n += step) {
    const t = points[n][0], value = points[n][place];
    if (Number.isNaN(value)) {
      last_s = -Infinity;
    } else {
      if (t - last_s < GAP_S) pen.lineTo(x(t), y(value));
      else pen.moveTo(x(t), y(value));
      last_s = t;
    }
  }
  pen.stroke();
}
