// Signals of eyes, gaze and mouth of one track, in the columns of the table.

import { poseToRotation } from './pose.js';

const DEGREES = 180 / Math.PI;

export class SignalReader {
  constructor(settings) {
    this.eyes = settings.eyes;
    this.gaze = settings.gaze;
    this.mouth = settings.mouth;
    this.place = Object.fromEntries(settings.blendshapes.names.map((name, at) => [name, at]));
    this.open = this.eyes.open;
    this.isClosed = false;
    this.lastS = null;
  }

  // Signals of the next observation; null if its status is not `ok`.
  read(timeS, face) {
    if (face.status !== 'ok') {
      this.isClosed = false;
      this.lastS = null;
      return null;
    }
    const score = (name) => face.blendshapes[this.place[name]];
    const left = score('eyeBlinkLeft'), right = score('eyeBlinkRight');
    const signals = { eye_closure_left: left, eye_closure_right: right,
      eyes_closed: this.update(timeS, (left + right) / 2), mouth_open: this.mouthOpen(face) };
    return signals.eyes_closed ? signals : { ...signals, ...this.direction(score, face.pose) };
  }

  update(timeS, closure) {
    const { closes_at: closesAt, opens_below: opensBelow, closed, max_open: maxOpen,
      adapts_in_s: adaptsInS } = this.eyes;
    const share = (closure - this.open) / (closed - this.open);
    this.isClosed = share >= (this.isClosed ? opensBelow : closesAt);
    if (!this.isClosed && this.lastS !== null) {
      const weight = 1 - Math.exp(-(timeS - this.lastS) / adaptsInS);
      this.open = Math.min(this.open + weight * (closure - this.open), maxOpen);
    }
    this.lastS = timeS;
    return this.isClosed;
  }

  direction(score, pose) {
    const sum = (...names) => names.reduce((total, name) => total + score(name), 0);
    const { yaw_deg: perYaw, pitch_deg: perPitch, yaw_zero: yawZero, pitch_zero: pitchZero } = this.gaze;
    const toLeft = sum('eyeLookOutLeft', 'eyeLookInRight') - sum('eyeLookInLeft', 'eyeLookOutRight');
    const up = sum('eyeLookUpLeft', 'eyeLookUpRight') - sum('eyeLookDownLeft', 'eyeLookDownRight');
    const yaw = perYaw * (toLeft / 2 - yawZero), pitch = perPitch * (up / 2 - pitchZero);
    const [y, p] = [yaw / DEGREES, pitch / DEGREES];
    const ahead = [Math.cos(p) * Math.sin(y), Math.sin(p), Math.cos(p) * Math.cos(y)];
    const seen = poseToRotation(pose)
      .map((row) => row.reduce((total, value, k) => total + value * ahead[k], 0));
    const gazeYaw = Math.atan2(seen[0], seen[2]);
    const gazePitch = Math.asin(Math.min(1, Math.max(-1, seen[1])));
    const away = Math.acos(Math.cos(gazeYaw) * Math.cos(gazePitch)) * DEGREES;
    return { eye_yaw_deg: yaw, eye_pitch_deg: pitch, gaze_yaw_deg: gazeYaw * DEGREES,
      gaze_pitch_deg: gazePitch * DEGREES, looking_at_camera: away <= this.gaze.camera_cone_deg };
  }

  mouthOpen({ landmarks }) {
    const apart = ([a, b]) => Math.hypot(...[0, 1, 2].map((k) => landmarks[3 * a + k] - landmarks[3 * b + k]));
    const width = apart(this.mouth.corners);
    return width === 0 ? 0 : Math.min(1, apart(this.mouth.inside) / width);
  }
}
