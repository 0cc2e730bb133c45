// The faces of each frame of one video or camera, frame by frame.

import { TrackBuffer } from './buffer.js';
import { FaceDetector } from './detector.js';
import { FaceMesh } from './mesh.js';
import { FaceObserver } from './observe.js';
import { keptRow } from './streams.js';
import { FrameScanner } from './scan.js';
import { Tracker } from './tracker.js';

export class FaceChain {
  constructor(networks, settings) {
    const detector = new FaceDetector(networks.detector, settings);
    this.scanner = new FrameScanner(detector, settings);
    this.tracker = new Tracker(detector, new FaceMesh(networks.mesh, settings), settings);
    this.observer = new FaceObserver(networks, settings);
    this.buffer = new TrackBuffer(settings);
    this.choice = new CropChoice(settings.artifact.rate_hz);
  }

  // Takes the next frame and returns the frames whose faces are now final.
  async push(frame, timeS, picture) {
    const settled = [];
    const scanned = await this.scanner.scan(picture, timeS);
    if (scanned.isNewSource || scanned.isCut) {
      this.tracker.startShot(scanned.isQuietAt);
      if (!this.tracker.liveKeys().size) settled.push(...this.buffer.endShot());
    }
    const tracks = await this.tracker.update(picture, timeS, scanned.detections);
    const live = this.tracker.liveKeys();
    const cut = this.choice.next(timeS, new Set(tracks.map(({ key }) => key)), live);
    const faces = new Map();
    for (const track of tracks) {
      faces.set(track.key, await this.observer.observe(picture, track, cut.has(track.key)));
    }
    this.buffer.add(frame, timeS, faces);
    return [...settled, ...this.buffer.settled(live)];
  }

  finish() {
    return this.buffer.endShot();
  }
}

// Selects the observations whose rows networks read: about `rateHz` per second and track.
class CropChoice {
  constructor(rateHz) {
    this.rateHz = rateHz;
    this.lastS = new Map();
    this.missedS = new Map();
  }

  next(timeS, seen, live) {
    for (const key of this.missedS.keys()) {
      if (!live.has(key)) {
        this.missedS.delete(key);
        this.lastS.delete(key);
      }
    }
    for (const key of live) this.missedS.set(key, [...this.missedS.get(key) ?? [], timeS]);
    return new Set([...seen].filter((key) => this.wants(key)));
  }

  wants(key) {
    const times = this.missedS.get(key) ?? [];
    this.missedS.set(key, []);
    const before = this.lastS.get(key) ?? -Infinity;
    let last = before;
    for (const timeS of times) if (keptRow(timeS, last, this.rateHz)) last = timeS;
    if (last === before) return false;
    this.lastS.set(key, last);
    return true;
  }
}
