// Analysis of full frames before tracking: cuts, changes and detections at intervals.

import { resizeArea } from './pixels.js';
import { tileLevels } from './views.js';

const EARLY_S = 1e-6;

// Distinguishes cuts from movement by a thumbnail of 32 x 18 and its colors.
class ChangeDetector {
  constructor(limits) {
    this.limits = limits;
    this.last = null;
    this.recent = 0;
  }

  next(picture) {
    const [width, height] = this.limits.thumb_px;
    const thumb = resizeArea(picture, width, height).data;
    const { last } = this;
    this.last = thumb;
    if (!last) return { isCut: true, cells: new Float32Array(width * height).fill(1) };
    const cells = Float32Array.from({ length: width * height }, (_, cell) => {
      let sum = 0;
      for (let k = 3 * cell; k < 3 * cell + 3; k += 1) sum += Math.abs(thumb[k] - last[k]);
      return sum / 3 / 255;
    });
    const change = cells.reduce((sum, value) => sum + value, 0) / cells.length;
    const isCut = change > this.limits.min_change && change > this.limits.over_recent * this.recent
      && histogramMatch(thumb, last) < this.limits.max_histogram_match;
    this.recent = isCut ? 0 : Math.max(change, this.limits.memory * this.recent);
    return { isCut, cells };
  }

  // Whether a face and its surroundings did not change.
  isQuietAt(cells, box, picture) {
    const [width, height] = this.limits.thumb_px;
    const side = Math.max(box[2] - box[0], box[3] - box[1]) * this.limits.surroundings;
    const low = [Math.max(Math.floor((box[0] - side) * width / picture.width), 0),
      Math.max(Math.floor((box[1] - side) * height / picture.height), 0)];
    const high = [Math.max(Math.ceil((box[2] + side) * width / picture.width), low[0] + 1),
      Math.max(Math.ceil((box[3] + side) * height / picture.height), low[1] + 1)];
    let sum = 0, count = 0;
    for (let y = low[1]; y < Math.min(high[1], height); y += 1) {
      for (let x = low[0]; x < Math.min(high[0], width); x += 1, count += 1) {
        sum += cells[y * width + x];
      }
    }
    return count > 0 && sum / count < this.limits.quiet_change;
  }
}

function histogramMatch(a, b) {
  const counts = [a, b].map((data) => {
    const bins = new Float64Array(64);
    for (let at = 0; at < data.length; at += 3) {
      bins[16 * (data[at] >> 6) + 4 * (data[at + 1] >> 6) + (data[at + 2] >> 6)] += 1;
    }
    return bins;
  });
  const shared = counts[0].reduce((sum, value, bin) => sum + Math.min(value, counts[1][bin]), 0);
  return shared / (a.length / 3);
}

export class FrameScanner {
  constructor(detector, settings) {
    this.detector = detector;
    this.limits = settings.scan;
    this.views = settings.views;
    this.change = new ChangeDetector(settings.shots);
    this.detectedS = -Infinity;
    this.tiledS = -Infinity;
    this.nextTile = 0;
    this.unseen = 0;
    this.isFirst = true;
  }

  // Detections of a frame (null where the detector was not run), and its change.
  async scan(picture, timeS) {
    const isNewSource = this.isFirst;
    this.isFirst = false;
    const small = this.detector.shrinkFrame(picture);
    const { isCut, cells } = this.change.next(small);
    const isDue = timeS - this.detectedS >= this.limits.detect_every_s - EARLY_S;
    const largest = cells.reduce((most, value) => Math.max(most, value), 0);
    let detections = null;
    if (isCut || isNewSource || isDue || largest > this.limits.sudden_change) {
      detections = await this.detector.detectIn(small, this.detector.scaleOf(picture));
      this.detectedS = timeS;
      for (const tile of this.tiles(picture, timeS, isCut, isNewSource)) {
        const found = await this.detector.lookAtTile(picture, tile);
        detections = this.detector.withNew(detections, found);
      }
    }
    const isQuietAt = (box) => !isNewSource && this.change.isQuietAt(cells, box, picture);
    return { detections, isCut, isNewSource, isQuietAt };
  }

  // Further views to search in a frame: all of a new source, then one at a time, in turns.
  tiles(picture, timeS, isCut, isNewSource) {
    const levels = tileLevels(picture, this.views);
    const everyS = this.unseen ? this.limits.detect_every_s : this.limits.tile_every_s;
    const isDue = timeS - this.tiledS >= everyS - EARLY_S;
    if (!levels.length || !(isDue || isCut || isNewSource)) return [];
    const tiles = levels.flat();
    this.tiledS = timeS;
    if (isNewSource) {
      this.unseen = 0;
      return tiles;
    }
    if (isCut) {
      this.unseen = tiles.length;
      return levels[0];
    }
    this.unseen = Math.max(this.unseen - 1, 0);
    this.nextTile = (this.nextTile + 1) % tiles.length;
    return [tiles[this.nextTile]];
  }
}
