// Buffer of frames until the tracks in them are final: a new track is confirmed after 0.15 s,
// a briefly lost face is interpolated once it is found again. Rules as in Python.

import { between } from './observe.js';

const EARLY_S = 1e-6;

export class TrackBuffer {
  constructor(settings) {
    this.limits = settings.tracking;
    this.canonicalFace = settings.canonical_face;
    this.waiting = [];
    this.runs = new Map();
    this.nextId = 0;
    this.nextPosition = 0;
    this.shotStart = 0;
    this.lastS = -Infinity;
    this.stoodAlone = true;
  }

  // Adds the next frame with its faces: Map of track key -> observation.
  add(frame, timeS, faces) {
    const isFar = timeS - this.lastS > this.limits.max_gap_s;
    if (isFar && this.stoodAlone) this.confirm(this.seenInNewest());
    this.lastS = timeS;
    this.stoodAlone = isFar;
    const added = { position: this.nextPosition, frame, timeS, faces };
    this.nextPosition += 1;
    this.waiting.push(added);
    for (const [key, face] of faces) this.extend(key, added, face);
    this.confirm([...this.runs].filter(([key, run]) => faces.has(key)
      && run.lastS - run.firstS >= this.limits.min_run_s - EARLY_S
      && run.lastPosition > run.firstPosition).map(([, run]) => run));
  }

  // Frames that no live track can change any more.
  settled(liveKeys) {
    for (const [key, run] of this.runs) {
      if (!liveKeys.has(key) && run.trackId === null) this.runs.delete(key);
    }
    return this.release(this.firstOpen(liveKeys), liveKeys);
  }

  // Every remaining frame; faces present throughout the shot are accepted.
  endShot() {
    this.confirm(this.seenInNewest()
      .filter((run) => this.stoodAlone || run.firstPosition === this.shotStart));
    const frames = this.release(this.nextPosition, new Set());
    this.runs.clear();
    this.shotStart = this.nextPosition;
    this.lastS = -Infinity;
    this.stoodAlone = true;
    return frames;
  }

  seenInNewest() {
    return [...this.runs.values()].filter((run) => run.lastPosition === this.nextPosition - 1);
  }

  extend(key, added, face) {
    const run = this.runs.get(key);
    if (!run) {
      this.runs.set(key, { firstPosition: added.position, firstS: added.timeS, trackId: null,
        lastPosition: added.position, lastS: added.timeS, lastFace: face });
      return;
    }
    for (const missed of this.waiting) {
      if (run.lastPosition < missed.position && missed.position < added.position) {
        const share = (missed.timeS - run.lastS) / (added.timeS - run.lastS);
        missed.faces.set(key, between(run.lastFace, face, share, this.canonicalFace));
      }
    }
    Object.assign(run, { lastPosition: added.position, lastS: added.timeS, lastFace: face });
  }

  // Numbers new tracks in order of appearance, then from left to right.
  confirm(runs) {
    const added = runs.filter((run) => run.trackId === null).sort((a, b) => a.firstPosition
      - b.firstPosition || a.lastFace.box[0] - b.lastFace.box[0]);
    for (const run of added) {
      run.trackId = this.nextId;
      this.nextId += 1;
    }
  }

  firstOpen(liveKeys) {
    let first = this.nextPosition;
    for (const [key, run] of this.runs) {
      if (!liveKeys.has(key)) continue;
      if (run.trackId === null) first = Math.min(first, run.firstPosition);
      else if (run.lastPosition < this.nextPosition - 1) {
        first = Math.min(first, run.lastPosition + 1);
      }
    }
    return first;
  }

  release(stop, liveKeys) {
    const frames = [];
    while (this.waiting.length && this.waiting[0].position < stop) {
      const { position, frame, timeS, faces } = this.waiting.shift();
      const known = [...faces].map(([key, face]) => ({ trackId: this.runs.get(key)?.trackId, face }))
        .filter(({ trackId }) => trackId !== undefined && trackId !== null)
        .sort((a, b) => a.trackId - b.trackId);
      frames.push({ frame, timeS, faces: known, liveIds: this.liveIds(position, liveKeys) });
    }
    const oldest = this.waiting.length ? this.waiting[0].position : this.nextPosition;
    for (const [key, run] of this.runs) {
      if (!liveKeys.has(key) && run.lastPosition < oldest) this.runs.delete(key);
    }
    return frames;
  }

  liveIds(position, liveKeys) {
    return new Set([...this.runs].filter(([key, run]) => run.trackId !== null
      && (liveKeys.has(key) || run.lastPosition > position)).map(([, run]) => run.trackId));
  }
}
