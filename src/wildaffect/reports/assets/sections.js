// One person on the page: canvas of lanes, circumplex, values at the cursor.

const HEIGHTS = { axis: 20, status: 14, band: 24, heat: 15 };

class Section {
  constructor(root, person, report) {
    Object.assign(this, { root, person, report });
    this.canvas = root.querySelector('canvas.lanes');
    this.circumplex = root.querySelector('canvas.circumplex');
    this.readout = root.querySelector('.readout');
    this.stage = root.querySelector('.stage');
    this.cursor = root.querySelector('.cursor');
    this.pointer = root.querySelector('.pointer');
    this.range = root.querySelector('.range');
    this.tip = root.querySelector('.tip');
    this.isVisible = false;
    this.placeLanes();
    this.listen();
  }

  placeLanes() {
    let y = 0;
    this.lanes = this.person.lanes.map((described) => {
      const events = (kinds) => this.person.events.filter((event) => kinds.includes(event.kind));
      const lane = { ...described, y, events: [] };
      lane.height = described.height ?? HEIGHTS[lane.kind];
      if (lane.kind === 'heat') {
        lane.events = events(['action_unit']).filter((event) => event.label === lane.columns[0]);
      }
      if (lane.kind === 'marks') {
        lane.events = this.person.events.filter((event) => lane.rows.includes(event.label));
        lane.rowHeight = 14;
        lane.height = lane.rows.length * lane.rowHeight + 4;
      }
      y += lane.height + (lane.kind === 'heat' ? 0 : 4);
      return lane;
    });
    this.canvas.style.height = `${y}px`;
  }

  scale() {
    const width = this.canvas.clientWidth;
    const left = width > 620 ? 150 : 62;
    const { from, to } = this.report.view;
    return new Scale(from, to, left, Math.max(Math.floor(width - left - 1), 10));
  }

  draw() {
    if (!this.isVisible || !this.canvas.clientWidth) return;
    drawLanes(this.canvas, this.person, this.lanes, this.scale(), this.report.colors);
    this.showTime();
  }

  // Shows the time of the player, or that under the pointer.
  showTime() {
    if (!this.isVisible) return;
    const scale = this.scale();
    const t = this.report.hovered ?? this.report.player.time;
    if (!this.circumplex.hidden) {
      drawCircumplex(this.circumplex, this.person, scale, t, this.report.colors);
    }
    place(this.cursor, this.report.player.time, scale);
    place(this.pointer, this.report.hovered, scale);
    this.showValues(t);
  }

  showValues(t) {
    const row = this.person.rowAt(t);
    const lines = row < 0 ? [['status', 'not in the picture']] : this.valueLines(row);
    this.readout.replaceChildren(...[['time', clockText(t, 2)], ...lines].flatMap(([name, value]) => [
      element('dt', name), element('dd', value),
    ]));
  }

  valueLines(row) {
    const at = (name) => this.person.at(name, row);
    const { expressions, statuses } = this.report.data;
    const lines = [['frame', String(at('frame'))]];
    if (at('status') !== 1) lines.push(['status', statuses[at('status')] ?? 'unknown']);
    for (const name of ['valence', 'arousal']) {
      if (!Number.isNaN(at(name))) lines.push([name, signed(at(name))]);
    }
    for (const { columns: [column], name, ends } of this.lanes.filter((lane) => lane.ends)) {
      if (!Number.isNaN(at(column))) lines.push([name, `${onScale(at(column))} in ${ends.replace(' ', '\u00a0')}`]);
    }
    if (!Number.isNaN(at('expression'))) {
      const certainty = at('certainty of expression');
      const share = Number.isNaN(certainty) ? '' : ` ${Math.round(certainty * 100)}\u00a0%`;
      lines.push(['expression', expressions[at('expression')] + share]);
    }
    const units = this.lanes.filter((lane) => lane.kind === 'heat')
      .map((lane) => [lane.columns[0], at(lane.columns[0])])
      .filter(([, value]) => value >= 0.5).sort((a, b) => b[1] - a[1]).slice(0, 4);
    if (units.length) {
      lines.push(['units ≥ 0.5', units.map(([name, value]) => `${name}\u00a0${value.toFixed(2)}`).join(', ')]);
    }
    return lines;
  }

  listen() {
    let start = null;
    const xOf = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
    this.canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      start = xOf(event);
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => {
      const scale = this.scale();
      const x = Math.max(xOf(event), scale.left);
      if (start !== null && Math.abs(x - start) > 4) {
        this.range.hidden = false;
        this.range.style.left = `${Math.max(Math.min(start, x), scale.left)}px`;
        this.range.style.width = `${Math.abs(x - Math.max(start, scale.left))}px`;
      }
      this.report.hover(this.snapped(scale.time(x)));
      this.showTip(event, x, event.clientY - this.canvas.getBoundingClientRect().top);
    });
    this.canvas.addEventListener('pointerup', (event) => {
      if (start === null) return;
      const scale = this.scale();
      const stop = Math.max(xOf(event), scale.left);
      const from = Math.max(start, scale.left);
      start = null;
      this.range.hidden = true;
      if (Math.abs(stop - from) > 4) {
        this.report.show(scale.time(Math.min(from, stop)), scale.time(Math.max(from, stop)));
      } else this.report.player.seek(this.snapped(scale.time(stop)));
    });
    const leave = () => {
      start = null;
      this.range.hidden = true;
      this.tip.hidden = true;
      this.report.hover(null);
    };
    this.canvas.addEventListener('pointercancel', leave);
    this.canvas.addEventListener('pointerleave', leave);
    this.canvas.addEventListener('dblclick', () => this.report.reset());
    this.canvas.addEventListener('wheel', (event) => this.turnWheel(event, xOf(event)), { passive: false });
  }

  turnWheel(event, x) {
    const scale = this.scale();
    if (event.ctrlKey) {
      this.report.zoom(1.0015 ** event.deltaY, scale.time(x));
    } else if (event.deltaX || event.shiftKey) {
      this.report.pan((event.deltaX || event.deltaY) / scale.perSecond);
    } else return;
    event.preventDefault();
  }

  // Time of the nearest frame in which the person has a row, within ten pixels.
  snapped(t) {
    const { times } = this.person;
    const after = firstAfter(times, t);
    const near = [times[after - 1], times[after]].filter((each) => each !== undefined)
      .sort((a, b) => Math.abs(a - t) - Math.abs(b - t))[0];
    const reach = Math.max(10 / this.scale().perSecond, this.person.stepS);
    return near !== undefined && Math.abs(near - t) < reach ? near : t;
  }

  showTip(event, x, y) {
    const lane = this.lanes.find((each) => y >= each.y && y < each.y + each.height);
    const text = lane ? this.tipText(lane, this.report.hovered, y) : '';
    this.tip.hidden = text === '' || event.pointerType === 'touch';
    this.tip.textContent = text;
    const left = x + 14 + this.tip.offsetWidth > this.canvas.clientWidth
      ? x - 14 - this.tip.offsetWidth : x + 14;
    this.tip.style.transform = `translate(${Math.max(left, 0)}px, ${y + 12}px)`;
  }

  tipText(lane, t, y) {
    const row = this.person.rowAt(t);
    if (lane.kind === 'marks') {
      const wanted = lane.rows[Math.floor((y - lane.y - 2) / lane.rowHeight)];
      const event = lane.events.find((each) => each.label === wanted && each.onset <= t && t < each.offset);
      return event
        ? `${wanted.replaceAll('_', ' ')}: ${clockText(event.onset, 2)} for ${(event.offset - event.onset).toFixed(2)} s`
        : '';
    }
    if (row < 0 || lane.kind === 'axis') return '';
    if (lane.kind === 'status') return this.report.data.statuses[this.person.at('status', row)] ?? '';
    if (lane.kind === 'band') {
      return this.valueLines(row).filter(([name]) => name === 'expression').map(([, text]) => text).join('');
    }
    const values = lane.columns.map((name, place) => {
      const value = this.person.at(name, row);
      if (Number.isNaN(value)) return '';
      return `${lane.labels[place]} ${lane.unit === 'deg' ? `${value.toFixed(1)}°` : value.toFixed(2)}`;
    });
    return values.filter(Boolean).join(', ');
  }
}

function place(line, t, scale) {
  const x = t === null || t === undefined ? -1 : scale.x(t);
  line.hidden = x < scale.left - 0.5 || x > scale.left + scale.width + 0.5;
  if (!line.hidden) line.style.transform = `translateX(${x}px)`;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function onScale(value) {
  return String(Number(value.toPrecision(3))).replace('-', '\u2212');
}

function signed(value) {
  return `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(2)}`;
}
