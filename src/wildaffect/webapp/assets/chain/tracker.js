// Tracking of persons from detections, within one shot; the rules are those of the Python
// package: a face is followed by its mesh, must pass the mesh's presence, and is confirmed
// by the detector once a second.

import { regionOf } from './detector.js';
import { centerOf, distance, isInside, overlap } from './regions.js';
import { marginView } from './views.js';

const SETTLING_LOOKS = 2, SURPRISE_KEPT = 0.7, MAX_SURPRISE = 0.1, EARLY_S = 1e-6;

export class Tracker {
  constructor(detector, mesh, settings) {
    this.detector = detector;
    this.mesh = mesh;
    this.limits = settings.tracking;
    this.search = settings.search;
    this.margin = settings.detector.region_margin;
    this.marginShare = settings.views.margin_view;
    this.live = [];
    this.nextKey = 0;
    this.lastS = -Infinity;
    this.searchedS = -Infinity;
  }

  // Drops every face except those that continue through the cut.
  startShot(goesOn) {
    this.live = this.live.filter((track) => goesOn(track.mesh.box));
    this.searchedS = -Infinity;
  }

  liveKeys() {
    return new Set(this.live.map((track) => track.key));
  }

  // Tracks whose face is in this frame, oldest first.
  async update(picture, timeS, given) {
    const { limits } = this;
    const oldestS = Math.min(timeS - limits.max_gap_s, this.lastS);
    this.live = this.live.filter((track) => track.foundS >= oldestS);
    this.lastS = timeS;
    for (const track of this.live) await this.follow(track, picture, timeS);
    let detections = given;
    if (!detections) {
      const allInView = this.live.every((track) => track.foundS === timeS);
      detections = this.live.length && allInView ? [] : await this.detector.detect(picture);
    }
    const free = detections.filter((detection) => !this.claimed(detection, timeS));
    for (const detection of free) {
      const candidate = { score: detection.score, region: regionOf(detection, this.margin) };
      if (await this.place(candidate, picture, timeS)) continue;
      for (const finer of await this.finer(candidate, picture)) {
        if (await this.place(finer, picture, timeS)) break;
      }
    }
    await this.searchFrame(picture, timeS);
    this.dropDuplicates(timeS);
    const kept = [];
    for (const track of this.live) {
      const isSeen = timeS - track.detectedS <= limits.max_unseen_s;
      if (isSeen || await this.confirmed(track, picture, timeS)) kept.push(track);
    }
    this.live = kept;
    return this.inView(timeS);
  }

  inView(timeS) {
    return this.live.filter((track) => track.foundS === timeS);
  }

  async follow(track, picture, timeS) {
    const mesh = await this.mesh.look(picture, this.mesh.regionOf(track.mesh));
    if (mesh.presence < this.limits.min_presence) return;
    const [x, y] = centerOf(track.mesh.box), [newX, newY] = centerOf(mesh.box);
    const [oldX, oldY] = track.before ? centerOf(track.before.mesh.box) : [x, y];
    const off = Math.hypot(newX - (2 * x - oldX), newY - (2 * y - oldY));
    track.surprise = SURPRISE_KEPT * track.surprise + off / sideOf(track.mesh);
    track.before = { mesh: track.mesh, foundS: track.foundS };
    track.mesh = mesh;
    track.foundS = timeS;
  }

  // Whether a detection is a face already in view; if so, it is recorded.
  claimed(detection, timeS) {
    const track = this.live.find(({ foundS, mesh }) => foundS === timeS
      && (overlap(mesh.box, detection.box) > this.limits.same_face_overlap
        || isInside(centerOf(detection.box), mesh.box)));
    if (!track) return false;
    track.detectionScore = detection.score;
    track.detectedS = timeS;
    return true;
  }

  // Assigns a candidate face to a nearby lost track, or begins a track with it.
  async place(candidate, picture, timeS) {
    let mesh = await this.mesh.look(picture, candidate.region);
    for (let look = 0; look < SETTLING_LOOKS; look += 1) {
      if (mesh.presence < this.limits.min_presence) return false;
      mesh = await this.mesh.look(picture, this.mesh.regionOf(mesh));
    }
    if (mesh.presence < this.limits.min_presence) return false;
    const lost = this.live.filter((track) => track.foundS < timeS && isNear(track.mesh, mesh))
      .sort((a, b) => distance(a.mesh.box, mesh.box) - distance(b.mesh.box, mesh.box));
    let track = lost[0];
    if (!track) {
      track = { key: this.nextKey };
      this.nextKey += 1;
      this.live.push(track);
    }
    Object.assign(track, { mesh, detectionScore: candidate.score, foundS: timeS,
      detectedS: timeS, before: null, surprise: 0 });
    return true;
  }

  // Closer detections of a small face; none if it is not small.
  async finer({ region }, picture) {
    const largest = this.margin * this.search.small * Math.max(picture.width, picture.height);
    if (region.side > largest) return [];
    const { centerX: x, centerY: y } = region, half = region.side / 2;
    const found = await this.detector.lookCloser(picture, [x - half, y - half, x + half, y + half]);
    return this.candidates(found);
  }

  candidates(detections) {
    return detections.map((detection) => ({ score: detection.score,
      region: regionOf(detection, this.margin) }));
  }

  // Searches a frame without a face again, until something has found one.
  async searchFrame(picture, timeS) {
    const isDue = timeS - this.searchedS >= this.limits.search_every_s - EARLY_S;
    if (this.inView(timeS).length || !isDue) return;
    this.searchedS = timeS;
    const view = marginView(picture, this.marginShare);
    const wider = async () => this.candidates(await this.detector.look(picture, view));
    for (const find of [wider, ...this.wholePicture(picture)]) {
      for (const candidate of await find()) await this.place(candidate, picture, timeS);
      if (this.inView(timeS).length) return;
    }
  }

  // Guesses that the picture shows a single upright face and little else.
  wholePicture({ width, height }) {
    return this.search.picture_regions.map((share) => async () => [{ score: null,
      region: { centerX: width / 2, centerY: height / 2, angle: 0,
        side: Math.max(width, height) * share } }]);
  }

  // Whether a closer search also finds a face that was not detected for long.
  async confirmed(track, picture, timeS) {
    if (track.foundS < timeS) return false;
    const { box } = track.mesh;
    const longest = Math.max(box[2] - box[0], box[3] - box[1]);
    const fills = longest >= this.search.fills_picture * Math.max(picture.width, picture.height);
    const closer = async () => this.candidates(await this.detector.lookCloser(picture, box));
    for (const find of [closer, ...(fills ? this.wholePicture(picture) : [])]) {
      for (const candidate of await find()) {
        const mesh = await this.mesh.look(picture, candidate.region);
        if (mesh.presence >= this.limits.min_presence
          && overlap(mesh.box, box) > this.limits.duplicate_overlap) {
          track.detectionScore = candidate.score;
          track.detectedS = timeS;
          return true;
        }
      }
    }
    return false;
  }

  // Assigns a face to the track whose motion predicts it, else to the older track.
  dropDuplicates(timeS) {
    const claim = (track) => (track.surprise > MAX_SURPRISE ? track.surprise : 0);
    const owners = [];
    for (const track of this.live.toSorted((a, b) => claim(a) - claim(b) || a.key - b.key)) {
      if (track.foundS < timeS) continue;
      const isOwned = owners.some((owner) => overlap(track.mesh.box, owner.mesh.box)
        > this.limits.duplicate_overlap);
      if (!isOwned) {
        owners.push(track);
        continue;
      }
      if (track.before) {
        Object.assign(track, track.before);
        track.before = null;
      }
      if (track.foundS === timeS) this.live = this.live.filter((other) => other !== track);
    }
  }
}

function isNear(lost, found) {
  const before = sideOf(lost), now = sideOf(found);
  return distance(lost.box, found.box) < Math.max(before, now)
    && before / now > 0.5 && before / now < 2;
}

function sideOf({ box }) {
  return Math.max(box[2] - box[0], box[3] - box[1], 1);
}
