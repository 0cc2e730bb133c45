// Measurements of a tracked face in one frame.

import { alignFace, sharpness, toInput } from './crop.js';
import { boxOf } from './mesh.js';
import { toGray } from './pixels.js';
import { headPose } from './pose.js';

export class FaceObserver {
  constructor(networks, settings) {
    this.networks = networks;
    this.settings = settings;
  }

  // Observation of a track; with crops, also the features of every backbone.
  async observe(picture, { mesh, detectionScore }, withCrops) {
    const { settings, networks } = this;
    const { landmarks, presence, box } = mesh;
    const quality = settings.quality_crop;
    const crop = alignFace(picture, landmarks, quality, settings);
    const pose = headPose(landmarks, settings.canonical_face);
    const found = {
      detectionScore,
      presence,
      box,
      landmarks,
      pose,
      size: sizeOf(box),
      sharpness: sharpness(toGray(crop), quality.size_px),
      blendshapes: await this.blendshapes(landmarks),
      features: {},
    };
    const side = quality.size_px;
    const [covered] = await networks.occlusion.runOne(toInput(crop, quality), [1, 1, side, side]);
    found.status = this.isGood(found, Math.max(...covered)) ? 'ok' : 'low_quality';
    if (withCrops) found.features = await this.embed(picture, landmarks);
    return found;
  }

  async blendshapes(landmarks) {
    const index = this.settings.blendshapes.input_landmarks;
    const input = new Float32Array(2 * index.length);
    index.forEach((landmark, place) => {
      input[2 * place] = landmarks[3 * landmark];
      input[2 * place + 1] = landmarks[3 * landmark + 1];
    });
    const [scores] = await this.networks.blendshapes.runOne(input, [1, index.length, 2]);
    return scores;
  }

  async embed(picture, landmarks) {
    const features = {};
    for (const [place, { name, preprocess }] of this.settings.backbones.entries()) {
      const crop = alignFace(picture, landmarks, preprocess, this.settings);
      const input = toInput(crop, preprocess), side = preprocess.size_px;
      const shape = [1, preprocess.mean.length, side, side];
      [features[name]] = await this.networks.backbones[place].runOne(input, shape);
    }
    return features;
  }

  isGood({ size, sharpness: crisp, pose, presence }, occlusion) {
    const limits = this.settings.quality;
    return size >= limits.min_size_px && crisp >= limits.min_sharpness
      && Math.abs(pose[0]) <= limits.max_yaw_deg && Math.abs(pose[1]) <= limits.max_pitch_deg
      && presence >= limits.min_presence && occlusion <= limits.max_occlusion;
  }
}

// Face between two observations; `share` of the time in (0, 1).
export function between(before, after, share, canonicalFace) {
  const mix = (a, b) => a.map((value, at) => (1 - share) * value + share * b[at]);
  const landmarks = mix(before.landmarks, after.landmarks);
  const box = boxOf(landmarks);
  return {
    status: 'interpolated',
    detectionScore: before.detectionScore,
    presence: Math.min(before.presence, after.presence),
    box,
    landmarks,
    pose: headPose(landmarks, canonicalFace),
    size: sizeOf(box),
    sharpness: Math.min(before.sharpness, after.sharpness),
    blendshapes: mix(before.blendshapes, after.blendshapes),
    features: {},
  };
}

function sizeOf(box) {
  return Math.sqrt(Math.max((box[2] - box[0]) * (box[3] - box[1]), 0));
}
