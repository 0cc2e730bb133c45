// Rows of one track: neutral face, networks, smoothing, calibration.

import { toColumns } from './calibration.js';
import { geometry } from './geometry.js';
import { taskOf } from './members.js';
import { PersonNeutral } from './neutral.js';
import { SignalReader } from './signals.js';
import { Smoother } from './streams.js';

export class PersonStream {
  // `live`: first rows do not wait for an estimate of the neutral face.
  constructor(trackId, members, settings, live) {
    this.trackId = trackId;
    this.members = members;
    this.settings = settings;
    const { neutral: policy } = settings.artifact;
    this.neutral = policy && new PersonNeutral(policy, settings);
    this.warmUpS = policy && !live ? policy.warm_up_s : 0;
    this.streams = members.streams();
    this.answers = this.streams.map(() => []);
    this.smoother = new Smoother(smoothingOf(members, settings.artifact));
    this.signals = new SignalReader(settings);
    this.gap = { last: null, lost: [] };
    this.warming = [];
    this.open = [];
  }

  // Adds the next face and returns the rows that are now final.
  async push(frame, timeS, face) {
    const measured = { geometry: geometry(face.landmarks, face.pose, this.settings.geometry),
      blendshapes: face.blendshapes, ...face.features };
    const rows = [];
    for (const row of this.filled({ frame, timeS, face, measured })) {
      rows.push(...await this.warmUp(row));
    }
    return rows;
  }

  async finish() {
    const held = this.warming ?? [];
    this.warming = null;
    const rows = [];
    for (const row of held) rows.push(...await this.predict(row));
    this.streams.forEach((stream, place) => this.answers[place].push(...stream.flush()));
    return [...rows, ...this.joined()];
  }

  // Interpolates features of backbones for the rows of a lost face.
  filled(row) {
    const { gap } = this, names = this.settings.backbones.map(({ name }) => name);
    if (row.face.status === 'interpolated') {
      gap.lost.push(row);
      return [];
    }
    const isWhole = names.every((name) => row.measured[name]);
    if (isWhole && gap.last) {
      for (const lost of gap.lost) {
        const share = (lost.timeS - gap.last.timeS) / (row.timeS - gap.last.timeS);
        for (const name of names) {
          lost.measured[name] = gap.last.measured[name]
            .map((value, at) => (1 - share) * value + share * row.measured[name][at]);
        }
      }
    }
    const done = [...gap.lost, row];
    gap.lost = [];
    if (isWhole) gap.last = row;
    return done;
  }

  async warmUp(row) {
    if (this.neutral && row.face.status === 'ok') {
      this.neutral.update(row.timeS, row.measured.geometry, row.measured.blendshapes);
    }
    if (!this.warming) return this.predict(row);
    this.warming.push(row);
    if (this.neutral && row.timeS - this.warming[0].timeS < this.warmUpS) return [];
    const held = this.warming, rows = [];
    this.warming = null;
    for (const each of held) rows.push(...await this.predict(each));
    return rows;
  }

  async predict(row) {
    const known = this.neutral ? this.neutral.confidence : undefined;
    const values = { ...row.measured, pose: row.face.pose };
    if (this.neutral) {
      values.geometry_change = this.neutral.geometryChange(row.measured.geometry);
      values.blendshapes_change = this.neutral.blendshapesChange(row.measured.blendshapes);
      values.neutral_confidence = [known];
    }
    for (const { name, feature_dim: size } of this.settings.backbones) {
      values[name] ??= new Float32Array(size).fill(NaN); // no network reads this row
    }
    this.open.push({ row, known });
    for (const [place, stream] of this.streams.entries()) {
      this.answers[place].push(...await stream.push(row.timeS, values));
    }
    return this.joined();
  }

  // Rows whose outputs all members have given.
  joined() {
    const rows = [];
    while (this.open.length && this.answers.every((answers) => answers.length)) {
      const outputs = this.answers.map((answers) => answers.shift().output);
      const { row, known } = this.open.shift();
      const smoothed = this.smoother.push(row.timeS, this.members.join(outputs));
      rows.push(this.finished(row, smoothed, known));
    }
    return rows;
  }

  finished({ frame, timeS, face }, smoothed, known) {
    const isRead = face.status !== 'low_quality';
    return {
      frame,
      time_s: timeS,
      track_id: this.trackId,
      status: face.status,
      detection_score: face.detectionScore,
      presence: face.presence,
      box_x0: face.box[0],
      box_y0: face.box[1],
      box_x1: face.box[2],
      box_y1: face.box[3],
      pose_yaw_deg: face.pose[0],
      pose_pitch_deg: face.pose[1],
      pose_roll_deg: face.pose[2],
      face_size_px: face.size,
      sharpness: face.sharpness,
      ...(isRead ? toColumns(smoothed, this.settings.artifact, this.members) : {}),
      neutral_known: known,
      ...this.signals.read(timeS, face),
    };
  }
}

function smoothingOf(members, { calibration }) {
  return Object.entries(members.layout).flatMap(([name, { start, stop }]) => {
    const kind = calibration.smoothing[taskOf(name)];
    return kind ? [{ start, stop, constantS: kind.time_constant_s }] : [];
  });
}
