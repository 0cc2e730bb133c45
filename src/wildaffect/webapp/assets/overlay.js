// Draws the faces of one frame on a canvas that lies over a video, image or other canvas.
//
//   import { createOverlay } from './overlay.js';
//   const overlay = createOverlay(canvas);
//   overlay.draw(rows, { width: video.videoWidth, height: video.videoHeight });
//
// `rows` are the rows of that frame as in the lines of a `.jsonl` table: boxes in pixels of
// the displayed frame. A row without a box, such as one of status `no_face`, draws nothing;
// any other column may be missing. Faces of status `low_quality` are drawn paler, those of
// status `interpolated` dashed, both with the status as their label.
//
// The picture below is taken as shown whole and centered in the canvas's box, as by
// `object-fit: contain`. Sizes of text follow the canvas on the page, not the video, and
// lines are drawn at the resolution of the screen. Colors are those of `--overlay` videos:
// they are chosen for pictures, so they are the same in light and dark pages.

import { placeCard, placeLabel, rect } from './placement.js';

const PALETTE = ['#4dd0e1', '#ffb74d', '#ae84ff', '#81d476', '#ff8095', '#64a8ff', '#f0dc5a',
  '#5cdbaa'];
const INK = '#10131a', PAPER = '#f0f3f8', FAINT = '#acb4c1';
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const TRAIL_S = 1.5;
const MAX_BARS = 5, MAX_CARDS = 12, MANY_FACES = 6, SMALL_PX = 420;
const UNIT = /^AU\d\d$/;

// Returns { draw(rows, options), clear() } of a canvas. Options of `draw`:
//   width, height  size of the frame in pixels, to which the boxes refer (required)
//   mirrored       true if the picture is shown mirrored, as of a camera facing the viewer
//   cards          false to draw boxes and labels alone
// Between frames the paths of valence and arousal over the last 1.5 s and the places of the
// cards are kept; `clear()` forgets them, as before another video.
export function createOverlay(canvas) {
  const context = canvas.getContext('2d');
  let trails = new Map(), sides = new Map();

  function draw(rows, { width, height, mirrored = false, cards = true }) {
    const frame = fitCanvas(canvas, context, width, height);
    const toPage = (row) => boxOnPage(row, frame, mirrored);
    const faces = rows.filter(hasBox).map((row) => ({ row, box: toPage(row) }))
      .sort((a, b) => b.box.width * b.box.height - a.box.width * a.box.height);
    trails = longerTrails(trails, faces);
    const em = Math.max(10, Math.min(15, Math.round(0.024 * Math.min(frame.width, frame.height))));
    const pen = { context, em, frame };
    for (const face of faces) drawBox(pen, face);
    const taken = cards ? drawCards(pen, faces, trails, sides) : [];
    for (const face of faces) {
      const others = faces.filter((other) => other !== face).map((other) => other.box);
      taken.push(drawLabel(pen, face, [...taken, ...others]));
    }
  }

  function clear() {
    trails = new Map();
    sides = new Map();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
  }

  return { draw, clear };
}

// Color of a person, in CSS: the same number has the same color everywhere.
export function trackColor(trackId) {
  return PALETTE[(trackId ?? 0) % PALETTE.length];
}

// Action units of a row, the most probable first: { name, probability, present }.
export function actionUnits(row) {
  return Object.keys(row).filter((key) => UNIT.test(key) && Number.isFinite(row[key]))
    .map((name) => ({ name, probability: row[name], present: row[`${name}_present`] === true }))
    .sort((a, b) => b.present - a.present || b.probability - a.probability);
}

// Probability of the row's own expression, or undefined.
export function expressionShare(row) {
  const share = row.expression && row[`p_${row.expression.toLowerCase()}`];
  return Number.isFinite(share) ? share : undefined;
}

function hasBox(row) {
  return ['x0', 'y0', 'x1', 'y1'].every((edge) => Number.isFinite(row[`box_${edge}`]));
}

function fitCanvas(canvas, context, width, height) {
  const pageWidth = canvas.clientWidth, pageHeight = canvas.clientHeight;
  const ratio = globalThis.devicePixelRatio || 1;
  const [columns, rows] = [Math.round(pageWidth * ratio), Math.round(pageHeight * ratio)];
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, pageWidth, pageHeight);
  const scale = Math.min(pageWidth / width, pageHeight / height);
  const frame = rect((pageWidth - width * scale) / 2, (pageHeight - height * scale) / 2,
    width * scale, height * scale);
  return { ...frame, scale };
}

function boxOnPage(row, frame, mirrored) {
  const width = (row.box_x1 - row.box_x0) * frame.scale;
  const left = row.box_x0 * frame.scale;
  const x = mirrored ? frame.width - left - width : left;
  return rect(frame.x + x, frame.y + row.box_y0 * frame.scale, width,
    (row.box_y1 - row.box_y0) * frame.scale);
}

function longerTrails(trails, faces) {
  return new Map(faces.map(({ row }) => {
    const before = trails.get(row.track_id) ?? [];
    const isNew = hasAffect(row) && !(before.length && before.at(-1).time_s >= row.time_s);
    const points = isNew ? [...before, row] : before;
    return [row.track_id, points.filter((point) => Math.abs(row.time_s - point.time_s) <= TRAIL_S)];
  }));
}

function hasAffect(row) {
  return Number.isFinite(row.valence) && Number.isFinite(row.arousal);
}

function isRead(row) {
  return (row.status ?? 'ok') === 'ok';
}

function drawBox({ context, em }, { row, box }) {
  const thin = 2;
  context.save();
  context.globalAlpha = isRead(row) ? 1 : 0.45;
  if (row.status === 'interpolated') context.setLineDash([3 * thin, 3 * thin]);
  for (const [color, thickness] of [[INK, 2.2 * thin], [trackColor(row.track_id), thin]]) {
    context.strokeStyle = color;
    context.lineWidth = thickness;
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, Math.min(em, 0.12 * box.width));
    context.stroke();
  }
  context.restore();
}

function drawLabel({ context, em, frame }, { row, box }, blocked) {
  const chip = String(row.track_id ?? '');
  const text = labelText(row);
  context.font = `600 ${em}px ${FONT}`;
  const chipWidth = Math.max(1.75 * em, context.measureText(chip).width + 0.9 * em);
  const width = chipWidth + (text ? context.measureText(text).width + 1.1 * em : 0);
  const place = placeLabel(frame, box, width, 1.75 * em, blocked);
  const middle = place.y + place.height / 2;
  context.textBaseline = 'middle';
  if (text) fill(context, place, 0.45 * em, INK, 0.8);
  fill(context, { ...place, width: chipWidth }, 0.45 * em, trackColor(row.track_id), 1);
  context.fillStyle = INK;
  context.textAlign = 'center';
  context.fillText(chip, place.x + chipWidth / 2, middle);
  context.fillStyle = isRead(row) ? PAPER : FAINT;
  context.textAlign = 'left';
  context.fillText(text, place.x + chipWidth + 0.5 * em, middle);
  return place;
}

function labelText(row) {
  if (!isRead(row)) return row.status.replaceAll('_', ' ');
  const share = expressionShare(row);
  if (!row.expression) return '';
  return share === undefined ? row.expression : `${row.expression} ${Math.round(100 * share)}%`;
}

function drawCards(pen, faces, trails, sides) {
  const taken = [];
  for (const { row, box } of faces.slice(0, MAX_CARDS)) {
    const units = actionUnits(row);
    if (!hasAffect(row) && !units.length) continue;
    const isSmall = faces.length >= MANY_FACES || (faces.length > 1 && pen.frame.width < SMALL_PX);
    const counts = isSmall ? [0] : [Math.min(MAX_BARS, units.length), 0];
    const sizes = counts.map((bars) => ({ ...cardSize(pen.em, bars, hasAffect(row)), bars }));
    const blocked = [...taken, ...faces.filter((face) => face.row !== row).map((face) => face.box)];
    const found = placeCard(pen.frame, box, sizes, blocked, sides.get(row.track_id), pen.em);
    if (!found) continue;
    sides.set(row.track_id, found.side);
    drawCard(pen, found, row, units.slice(0, found.size.bars), trails.get(row.track_id) ?? []);
    taken.push(found.rect);
  }
  return taken;
}

function cardSize(em, bars, dial) {
  const height = 1.4 * em + (dial ? 4.8 * em : 0) + (dial && bars ? 0.4 * em : 0) + 1.3 * em * bars;
  return { width: 11.5 * em, height };
}

function drawCard({ context, em }, { rect: place }, row, units, trail) {
  fill(context, place, 0.6 * em, INK, 0.8);
  const left = place.x + 0.7 * em;
  let top = place.y + 0.7 * em;
  if (hasAffect(row)) {
    drawDial(context, em, left, top, row, trail);
    drawNumbers(context, em, left + 5.6 * em, top + 2.4 * em, row);
    top += 5.2 * em;
  }
  for (const unit of units) {
    drawBar(context, em, left, top, place.width - 1.4 * em, unit, trackColor(row.track_id));
    top += 1.3 * em;
  }
}

function drawDial(context, em, x, y, row, trail) {
  const middle = { x: x + 2.4 * em, y: y + 2.4 * em }, radius = 2.3 * em;
  const spot = ({ valence, arousal }) => {
    const length = Math.max(1, Math.hypot(valence, arousal));
    return [middle.x + radius * valence / length, middle.y - radius * arousal / length];
  };
  context.strokeStyle = '#707a8a';
  context.lineWidth = 1;
  context.beginPath();
  for (const share of [0.5, 1]) {
    context.moveTo(middle.x + radius * share, middle.y);
    context.arc(middle.x, middle.y, radius * share, 0, 2 * Math.PI);
  }
  context.moveTo(middle.x - radius, middle.y);
  context.lineTo(middle.x + radius, middle.y);
  context.moveTo(middle.x, middle.y - radius);
  context.lineTo(middle.x, middle.y + radius);
  context.stroke();
  const color = trackColor(row.track_id);
  context.strokeStyle = color;
  context.globalAlpha = 0.6;
  context.beginPath();
  for (const point of trail) context.lineTo(...spot(point));
  context.stroke();
  context.globalAlpha = 1;
  for (const [size, paint] of [[0.46, INK], [0.36, PAPER], [0.25, color]]) {
    context.fillStyle = paint;
    context.beginPath();
    context.arc(...spot(row), size * em, 0, 2 * Math.PI);
    context.fill();
  }
}

function drawNumbers(context, em, x, middle, row) {
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const [name, offset] of [['valence', -1.1], ['arousal', 1.1]]) {
    context.font = `${0.8 * em}px ${FONT}`;
    context.fillStyle = FAINT;
    context.fillText(name, x, middle + (offset - 0.5) * em);
    context.font = `600 ${em}px ${FONT}`;
    context.fillStyle = PAPER;
    context.fillText(signed(row[name]), x, middle + (offset + 0.5) * em);
  }
}

function drawBar(context, em, x, y, width, unit, color) {
  const middle = y + 0.65 * em, start = x + 3.2 * em, length = width - 3.2 * em;
  context.font = `${unit.present ? 600 : 400} ${0.85 * em}px ${FONT}`;
  context.fillStyle = unit.present ? PAPER : FAINT;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(unit.name, x, middle);
  const bar = rect(start, middle - 0.18 * em, length, 0.36 * em);
  fill(context, bar, 0.18 * em, PAPER, 0.16);
  const full = { ...bar, width: Math.max(bar.height, length * unit.probability) };
  fill(context, full, 0.18 * em, unit.present ? color : FAINT, unit.present ? 1 : 0.6);
}

function fill(context, { x, y, width, height }, radius, color, opacity) {
  context.globalAlpha = opacity;
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
  context.globalAlpha = 1;
}

function signed(value) {
  return `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(2)}`;
}
