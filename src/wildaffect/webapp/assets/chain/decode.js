// Decoded frames of a file, each exactly once and in order of time (WebCodecs).

import { readMp4 } from './mp4.js';

const MAX_WAITING = 6;

// Yields { timeS, frame, display } of each frame; the caller closes the frames (VideoFrame).
// Throws before the first frame where the file or its codec cannot be read here.
export async function* decodeFrames(file, onInfo) {
  const video = await readMp4(file);
  const config = { codec: video.codec, description: video.description,
    codedWidth: video.width, codedHeight: video.height };
  if (!globalThis.VideoDecoder) throw new Error('this browser has no WebCodecs');
  const { supported } = await VideoDecoder.isConfigSupported(config);
  if (!supported) throw new Error(`this browser cannot decode ${video.codec}`);
  onInfo({ numFrames: video.samples.filter(({ isShown }) => isShown).length });
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
      const frame = shown.shift(), timeS = times.get(frame.timestamp);
      times.delete(frame.timestamp);
      if (timeS === undefined) frame.close(); // outside the edit
      else yield { frame, timeS, display: video.display };
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
      if (sample.isShown) times.set(timestamp, sample.timeS);
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
