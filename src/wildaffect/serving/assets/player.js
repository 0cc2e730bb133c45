// A video or photograph with its faces drawn over it, and traces that follow its time.

const NO_ROWS = [];
const NEAR_S = 0.25, EARLY_S = 0.002;

export class Player {
  constructor(stage, overlay, traces, onRows) {
    Object.assign(this, { stage, overlay, traces, onRows });
    this.video = stage.querySelector('video');
    this.photo = stage.querySelector('img');
    this.note = stage.querySelector('.empty');
    this.clear();
    this.listen();
    const everyFrame = () => {
      if (!this.isPhoto && stage.offsetParent) this.update();
      requestAnimationFrame(everyFrame);
    };
    requestAnimationFrame(everyFrame);
  }

  clear() {
    if (this.address?.startsWith('blob:')) URL.revokeObjectURL(this.address);
    this.address = null;
    this.frames = [];
    this.shown = null;
    this.isFollowing = true;
    this.isComplete = false;
    for (const each of [this.video, this.photo]) each.removeAttribute('src');
    this.note.hidden = true;
    this.traces.clear();
    this.overlay.clear();
    this.onRows([]);
  }

  load(address, isPhoto) {
    this.address = address;
    this.isPhoto = isPhoto;
    this.video.hidden = isPhoto;
    this.photo.hidden = !isPhoto;
    this.traces.place.hidden = isPhoto; // a photograph has no time
    (isPhoto ? this.photo : this.video).src = address;
  }

  listen() {
    const { video, photo, stage } = this;
    video.addEventListener('play', () => { this.isFollowing = false; });
    video.addEventListener('loadedmetadata', () => {
      stage.style.aspectRatio = `${video.videoWidth || 16} / ${video.videoHeight || 9}`;
      this.follow();
    });
    photo.addEventListener('load', () => {
      stage.style.aspectRatio = `${photo.naturalWidth} / ${photo.naturalHeight}`;
      this.draw();
    });
    video.addEventListener('error', () => {
      this.note.hidden = !video.getAttribute('src');
    });
    addEventListener('resize', () => this.draw());
  }

  // Adds rows in the order of the table.
  add(rows) {
    for (const row of rows) {
      const last = this.frames.at(-1);
      if (last && last[0].frame === row.frame) last.push(row);
      else this.frames.push([row]);
      this.traces.add(row);
    }
    this.follow();
  }

  // Shows the newest frame, until somebody plays or seeks the video, or all rows are there.
  follow() {
    const newest_s = this.frames.at(-1)?.[0].time_s ?? 0;
    this.traces.to_s = Math.max(this.video.duration || 0, newest_s, 0.1);
    if (this.isFollowing && !this.isComplete && !this.isPhoto) this.video.currentTime = newest_s;
    this.draw();
  }

  seek(time_s) {
    this.isFollowing = false;
    this.video.currentTime = Math.max(0, Math.min(time_s, this.video.duration || time_s));
  }

  rows() {
    if (this.isPhoto) return this.frames[0] ?? NO_ROWS;
    const time_s = this.video.currentTime;
    let low = 0, high = this.frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.frames[middle][0].time_s <= time_s + EARLY_S) low = middle;
      else high = middle - 1;
    }
    const rows = this.frames[low];
    return rows && Math.abs(rows[0].time_s - time_s) < NEAR_S ? rows : NO_ROWS;
  }

  // Draws if another frame is shown than before.
  update() {
    if (this.rows() !== this.shown || this.video.currentTime !== this.traces.now_s) this.draw();
  }

  draw() {
    const rows = this.rows();
    const { videoWidth, videoHeight } = this.video, { naturalWidth, naturalHeight } = this.photo;
    const width = this.isPhoto ? naturalWidth : videoWidth;
    const height = this.isPhoto ? naturalHeight : videoHeight;
    if (width && rows.length) this.overlay.draw(rows, { width, height });
    else this.overlay.clear();
    if (rows !== this.shown) this.onRows(rows);
    this.shown = rows;
    this.traces.now_s = this.isPhoto ? null : this.video.currentTime;
    this.traces.draw();
  }
}
