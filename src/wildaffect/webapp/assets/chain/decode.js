// Decoded frames of a file, each exactly once and in order of time (WebCodecs).

import { readMp4 } from './mp4.js';

const MAX_WAITING = 6;

// Yields { timeS, frame, rotation } of each frame; the caller closes the frames (VideoFrame).
// Throws before the first frame where the file or its codec cannot be read here.
export async function* decodeFrames(file, onInfo) {
  const video = await readMp4(file);
  const config = { codec: video.codec, description: video.description,
    codedWidth: video.width, codedHeight: video.height };
  if (!globalThis.VideoDecoder) throw new Error('this browser has no WebCodecs');
  const { supported } = await VideoDecoder.isConfigSupported(config);
  if (!supported) throw new Error(`this browser cannot decode ${video.codec}`);
  onInfo({ numFrames: video.samples.length });
  const times = new Map(); // rounded to microseconds, as decoders count -> exact
  const shown = [];
  let failure = null, wake = () => {};
  const decoder = new VideoDecoder({
    output: (frame) => { shown.push(frame); wake(); },
    error: (error) => { failure = error; wake(); },
  });
  decoder.configure(config);
  const pause = () => new Promise((resolve) => {
    wake = resolve;
    setTimeout(resolve, 20);
  });
  const take = function* take() {
    while (shown.length) {
      const frame = shown.shift();
      yield { frame, timeS: times.get(frame.timestamp), rotation: video.rotation };
    }
  };
  try {
    for (const sample of video.samples) {
      while (decoder.decodeQueueSize + shown.length >= MAX_WAITING && !failure) {
        if (shown.length) yield* take();
        else await pause();
      }
      if (failure) throw failure;
      const timestamp = Math.round(sample.timeS * 1e6);
      times.set(timestamp, sample.timeS);
      const data = await file.slice(sample.offset, sample.offset + sample.size).arrayBuffer();
      if (data.byteLength < sample.size) throw new Error('the file ends early');
      decoder.decode(new EncodedVideoChunk({ type: sample.isKey ? 'key' : 'delta', timestamp, data }));
    }
    let done = false;
    decoder.flush().then(() => { done = true; wake(); }, (error) => { failure = error; wake(); });
    while (!done || shown.length) {
      if (failure) throw failure;
      if (shown.length) yield* take();
      else await pause();
    }
  } finally {
    for (const frame of shown) frame.close();
    if (decoder.state !== 'closed') decoder.close();
  }
}

// Turns video frames and bitmaps into pictures of bytes, upright.
export class PixelReader {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
  }

  read(frame, rotation = 0) {
    const width = frame.displayWidth ?? frame.width, height = frame.displayHeight ?? frame.height;
    const isTurned = rotation % 180 !== 0;
    const [columns, rows] = isTurned ? [height, width] : [width, height];
    if (this.canvas.width !== columns) this.canvas.width = columns;
    if (this.canvas.height !== rows) this.canvas.height = rows;
    const { context } = this;
    context.setTransform(1, 0, 0, 1, columns / 2, rows / 2);
    context.rotate(rotation * Math.PI / 180);
    context.drawImage(frame, -width / 2, -height / 2, width, height);
    const { data } = context.getImageData(0, 0, columns, rows);
    return { data, width: columns, height: rows, channels: 4 };
  }
}
