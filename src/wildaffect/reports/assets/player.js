// Time at which everything is shown: that of the video, or a clock where there is none.

class Player {
  constructor(video, full, onTime) {
    this.video = video;
    this.full = full;
    this.onTime = onTime;
    this.time = full.from;
    this.isPlaying = false;
    if (!video) return;
    video.addEventListener('play', () => this.follow());
    video.addEventListener('seeked', () => { if (video.paused) this.shown(this.videoTime()); });
    video.addEventListener('error', () => this.loseVideo(), true);
  }

  // Without the video, such as after the report was moved: say so, and go on with the clock.
  loseVideo() {
    document.body.classList.add('without-video');
    document.querySelector('#video-missing').hidden = false;
    this.video = null;
  }

  videoTime() {
    const wanted = this.wanted;
    return wanted !== undefined && Math.abs(this.video.currentTime - wanted) < 0.01
      ? this.time : this.video.currentTime;
  }

  shown(t) {
    this.time = Math.min(Math.max(t, this.full.from), this.full.to);
    this.onTime(this.time);
  }

  // Shows the frame that begins at t; a little later than its beginning, so that rounding
  // never shows the frame before.
  seek(t) {
    this.shown(t);
    if (!this.video) return;
    this.wanted = this.time + 0.002;
    this.video.currentTime = this.wanted;
  }

  toggle() {
    if (this.video) {
      if (this.video.paused) this.video.play();
      else this.video.pause();
    } else if (this.isPlaying) this.isPlaying = false;
    else this.run();
  }

  follow() {
    if (!this.video || this.video.paused || this.video.ended) return;
    this.wanted = undefined;
    this.shown(this.video.currentTime);
    requestAnimationFrame(() => this.follow());
  }

  run() {
    this.isPlaying = true;
    if (this.time >= this.full.to) this.shown(this.full.from);
    let last = performance.now();
    const step = (now) => {
      if (!this.isPlaying) return;
      this.shown(this.time + (now - last) / 1000);
      last = now;
      if (this.time >= this.full.to) this.isPlaying = false;
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }
}
