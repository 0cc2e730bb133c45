// A card per person: expression, traces of valence and arousal over time, action units.

import { actionUnits, expressionShare, trackColor } from './overlay.js';
import { lastAt } from './store.js';

const MAX_PEOPLE = 12, FEW_PEOPLE = 3, GAP_S = 0.5;

// Keeps the cards of `parent` up to date; `onSeek(timeS)` is called on a click on a trace.
export class People {
  constructor(parent, onSeek) {
    this.parent = parent;
    this.onSeek = onSeek;
    this.cards = new Map();
  }

  clear() {
    this.cards.clear();
    this.parent.classList.remove('many');
    this.parent.replaceChildren();
  }

  // Draws the rows of a store between two times, with a line at the time that is shown.
  draw(store, range, timeS) {
    if (store.people.size && !this.parent.querySelector('.legend')) this.parent.append(legend());
    this.parent.classList.toggle('many', store.people.size > FEW_PEOPLE);
    const shownS = store.frames[lastAt(store.frames, timeS, (frame) => frame.timeS)]?.timeS;
    for (const [trackId, rows] of store.people) {
      if (!this.cards.has(trackId)) {
        if (this.cards.size >= MAX_PEOPLE) continue;
        this.cards.set(trackId, this.card(trackId));
      }
      const card = this.cards.get(trackId);
      card.range = range;
      const row = rows[lastAt(rows, timeS, (each) => each.time_s)];
      describe(card, row?.time_s === shownS ? row : undefined);
      drawTraces(card.canvas, rows, range, timeS);
    }
  }

  card(trackId) {
    const article = element('article', 'person'), header = element('header');
    const chip = element('span', 'chip', String(trackId));
    chip.style.background = trackColor(trackId);
    const card = { word: element('h2'), now: element('span', 'now'), units: element('div', 'units'),
      canvas: element('canvas'), range: [0, 1] };
    header.append(chip, card.word, card.now);
    article.append(header, card.canvas, card.units);
    this.parent.append(article);
    card.canvas.addEventListener('click', (event) => {
      const share = event.offsetX / card.canvas.clientWidth;
      this.onSeek(card.range[0] + share * (card.range[1] - card.range[0]));
    });
    return card;
  }
}

function describe(card, row) {
  const isRead = row?.status === 'ok' || row?.status === 'interpolated';
  const share = row && expressionShare(row);
  card.word.textContent = isRead ? `${row.expression ?? ''} ${share === undefined ? ''
    : `${Math.round(100 * share)}%`}` : row ? row.status.replaceAll('_', ' ') : 'not in view';
  card.now.textContent = isRead && row.valence !== undefined
    ? `valence ${signed(row.valence)}, arousal ${signed(row.arousal)}` : '';
  const shown = isRead ? actionUnits(row).filter(({ present }) => present) : [];
  card.units.replaceChildren(...shown.map(({ name }) => element('b', '', name)));
  if (isRead && !shown.length) card.units.textContent = 'no action unit';
}

function drawTraces(canvas, rows, [fromS, toS], timeS) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d'), style = getComputedStyle(canvas);
  const color = (name) => style.getPropertyValue(`--${name}`);
  const x = (at) => width * (at - fromS) / Math.max(toS - fromS, 1e-6);
  const y = (value) => height / 2 - value * (height / 2 - 3);
  context.scale(ratio, ratio);
  context.fillStyle = color('track');
  context.beginPath();
  context.roundRect(0, 0, width, height, 5);
  context.fill();
  context.strokeStyle = color('line');
  line(context, [[0, y(0)], [width, y(0)]], 1);
  for (const name of ['valence', 'arousal']) {
    context.strokeStyle = color(name);
    for (const run of runsOf(rows, name, fromS)) {
      line(context, run.map((row) => [x(row.time_s), y(row[name])]), 1.8);
    }
  }
  context.strokeStyle = color('ink');
  line(context, [[x(timeS), 0], [x(timeS), height]], 1);
}

// Rows without a gap in time or in values.
function runsOf(rows, name, fromS) {
  const runs = [];
  let before;
  for (let at = Math.max(lastAt(rows, fromS, (row) => row.time_s), 0); at < rows.length; at += 1) {
    const row = rows[at];
    const isGiven = Number.isFinite(row[name]);
    if (isGiven && before && row.time_s - before.time_s < GAP_S) runs.at(-1).push(row);
    else if (isGiven) runs.push([row]);
    before = isGiven ? row : undefined;
  }
  return runs;
}

function line(context, points, thickness) {
  context.lineWidth = thickness;
  context.lineJoin = 'round';
  context.beginPath();
  for (const point of points) context.lineTo(...point);
  context.stroke();
}

function legend() {
  const made = element('p', 'legend');
  for (const name of ['valence', 'arousal']) {
    const entry = element('span', '', name);
    entry.prepend(element('i', name));
    made.append(entry);
  }
  made.append(element('span', '', 'scale \u22121 to +1'));
  return made;
}

function element(name, className = '', text = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function signed(value) {
  return `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(2)}`;
}
