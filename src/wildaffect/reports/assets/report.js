// The page: reads the data, shows a part of the time, listens to keys and buttons.

class Report {
  constructor(data, people) {
    this.data = data;
    this.colors = palette();
    this.full = { from: data.from, to: data.to };
    this.view = { ...this.full };
    this.hovered = null;
    this.times = allTimes(people);
    const video = document.querySelector('#player video');
    this.player = new Player(video, this.full, () => this.follow());
    const roots = [...document.querySelectorAll('.person')];
    this.sections = people.map((person, place) => new Section(roots[place], person, this));
    this.overview = document.querySelector('canvas.overview');
    this.watchVisible();
    this.listen();
    this.show(this.full.from, this.full.to);
    this.follow();
  }

  // Draws only what is on the screen; a page may have many people.
  watchVisible() {
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const section = this.sections.find((each) => each.root === entry.target);
        section.isVisible = entry.isIntersecting;
        section.draw();
      }
    }, { rootMargin: '200px' });
    for (const section of this.sections) observer.observe(section.root);
    new ResizeObserver(() => this.draw()).observe(document.querySelector('main'));
  }

  listen() {
    document.addEventListener('keydown', (event) => this.press(event));
    for (const button of document.querySelectorAll('button[data-key]')) {
      button.addEventListener('click', () => this.act(button.dataset.key, false));
    }
    const repaint = () => { this.colors = palette(); this.draw(); };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
    addEventListener('beforeprint', () => {
      document.documentElement.classList.add('printing');
      for (const section of this.sections) section.isVisible = true;
      this.colors = palette();
      this.drawNow();
    });
    addEventListener('afterprint', () => {
      document.documentElement.classList.remove('printing');
      repaint();
    });
    const pick = (event) => {
      if (event.buttons !== 1) return;
      const box = this.overview.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      const t = this.full.from + share * (this.full.to - this.full.from);
      const half = (this.view.to - this.view.from) / 2;
      if (this.isZoomed()) this.show(t - half, t + half);
      else this.player.seek(t);
    };
    this.overview.addEventListener('pointerdown', pick);
    this.overview.addEventListener('pointermove', pick);
  }

  press(event) {
    if (event.altKey || event.metaKey || event.ctrlKey) return;
    if (event.target.closest?.('input, select, textarea, summary')) return;
    if (event.key === ' ' && event.target.closest?.('button')) return;
    if (this.act(event.key, event.shiftKey)) event.preventDefault();
  }

  act(key, isFar) {
    const keys = {
      ArrowLeft: () => this.step(-1, isFar),
      ArrowRight: () => this.step(1, isFar),
      Home: () => this.player.seek(this.full.from),
      End: () => this.player.seek(this.times[this.times.length - 1]),
      ' ': () => this.player.toggle(),
      '+': () => this.zoom(0.5, this.player.time),
      '=': () => this.zoom(0.5, this.player.time),
      '-': () => this.zoom(2, this.player.time),
      0: () => this.reset(),
      Escape: () => this.reset(),
    };
    if (!Object.hasOwn(keys, key)) return false;
    keys[key]();
    return true;
  }

  // One frame on or back, or a second.
  step(direction, isFar) {
    const now = this.player.time;
    const t = isFar ? now + direction : now;
    let place = firstAfter(this.times, t + 1e-4) - 1;
    if (!isFar) {
      const isBetween = this.times[place] < t - 1e-3;
      place += direction > 0 || !isBetween ? direction : 0;
    }
    this.player.seek(this.times[Math.min(Math.max(place, 0), this.times.length - 1)]);
  }

  isZoomed() {
    return this.view.to - this.view.from < this.full.to - this.full.from - 1e-6;
  }

  show(from, to) {
    const length = Math.min(Math.max(to - from, 0.2), this.full.to - this.full.from);
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(middle - length / 2, this.full.from), this.full.to - length);
    this.view = { from: start, to: start + length };
    document.querySelector('#shown').textContent =
      `${clockText(start, 1)} to ${clockText(start + length, 1)}`;
    this.draw();
  }

  zoom(factor, t) {
    const { from, to } = this.view;
    const at = t < from || t > to ? (from + to) / 2 : t;
    this.show(at - (at - from) * factor, at + (to - at) * factor);
  }

  pan(seconds) { this.show(this.view.from + seconds, this.view.to + seconds); }

  reset() { this.show(this.full.from, this.full.to); }

  hover(t) {
    this.hovered = t;
    this.showTimeSoon();
  }

  // Keeps the time of the player in view.
  follow() {
    const { from, to } = this.view;
    const t = this.player.time;
    if (this.isZoomed() && (t < from || t > to)) {
      const length = to - from;
      this.show(t - length * 0.1, t + length * 0.9);
    }
    this.showTimeSoon();
  }

  showTimeSoon() {
    if (this.isAwaited) return;
    this.isAwaited = true;
    requestAnimationFrame(() => {
      this.isAwaited = false;
      document.querySelector('#clock').textContent = clockText(this.player.time, 2);
      for (const section of this.sections) section.showTime();
      this.drawOverview();
    });
  }

  draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.drawNow();
    });
  }

  // A printer does not wait for the next frame.
  drawNow() {
    for (const section of this.sections) section.draw();
    this.drawOverview();
    document.body.dataset.drawn = 'true';
  }

  // The whole time, a row per person: expressions, the part in view, the cursor.
  drawOverview() {
    if (!this.overview.clientWidth) return;
    if (this.drawnFor !== `${this.overview.clientWidth} ${this.colors.ink}`) this.drawBands();
    const context = prepare(this.overview);
    context.drawImage(this.bands, 0, 0, this.overview.clientWidth, this.overview.clientHeight);
    const scale = new Scale(this.full.from, this.full.to, 0, this.overview.clientWidth);
    context.fillStyle = this.colors.card;
    context.globalAlpha = 0.7;
    const start = scale.x(this.view.from);
    const stop = scale.x(this.view.to);
    context.fillRect(0, 0, start, this.overview.clientHeight);
    context.fillRect(stop, 0, scale.width - stop, this.overview.clientHeight);
    context.globalAlpha = 1;
    context.fillStyle = this.colors.ink;
    context.fillRect(scale.x(this.player.time) - 1, 0, 2, this.overview.clientHeight);
  }

  drawBands() {
    this.drawnFor = `${this.overview.clientWidth} ${this.colors.ink}`;
    const shown = this.sections.slice(0, 6);
    const context = prepare(this.overview);
    const width = this.overview.clientWidth;
    const scale = new Scale(this.full.from, this.full.to, 0, width);
    const height = this.overview.clientHeight / Math.max(shown.length, 1);
    shown.forEach(({ person }, row) => {
      const kind = person.values.expression ? 'band' : 'status';
      DRAW[kind](context, { y: row * height, height }, scale, this.colors, person);
    });
    this.bands = document.createElement('canvas');
    this.bands.width = this.overview.width;
    this.bands.height = this.overview.height;
    this.bands.getContext('2d').drawImage(this.overview, 0, 0);
  }
}

// Times of all frames with a row of anybody, ascending.
function allTimes(people) {
  const merged = new Set();
  for (const person of people) for (const t of person.times) merged.add(t);
  return Float64Array.from(merged).sort();
}

async function start() {
  const data = JSON.parse(document.querySelector('#report-data').textContent);
  const bytes = await inflate(document.querySelector('#report-columns').textContent.trim());
  const people = data.people.map((person) => new Person(person, bytes));
  window.report = new Report(data, people);
}

start();
