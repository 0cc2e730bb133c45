// Frames that the browser itself plays: a camera, or a file that cannot be decoded here.

// Calls `onFrame(frame, timeS)` with new frames of a playing video, the next one once the
// promise of the last is kept; frames in between are not read. Returns a function that stops.
export function followCamera(video, onFrame) {
  let isStopped = false, isBusy = false, startS;
  const next = (now) => {
    if (isStopped) return;
    video.requestVideoFrameCallback(next);
    if (isBusy || video.readyState < 2) return;
    startS ??= now / 1000;
    isBusy = true;
    onFrame(new VideoFrame(video), now / 1000 - startS).finally(() => { isBusy = false; });
  };
  video.requestVideoFrameCallback(next);
  return () => { isStopped = true; };
}

// Plays a file from its start and waits at each frame; resolves at the end to the number of
// frames that the browser presented without giving them to the page.
export async function followFile(video, onFrame, isStopped) {
  let shown = 0, missed = 0, lastS = -1;
  video.currentTime = 0;
  for (;;) {
    if (video.ended) break; // playing again would begin at the start
    const found = await nextFrame(video);
    if (!found || isStopped()) break;
    video.pause();
    if (shown && found.presentedFrames > shown + 1) missed += found.presentedFrames - shown - 1;
    shown = found.presentedFrames;
    if (found.mediaTime <= lastS) continue;
    lastS = found.mediaTime;
    await onFrame(new VideoFrame(video, { timestamp: Math.round(lastS * 1e6) }), lastS);
  }
  return missed;
}

function nextFrame(video) {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new Error('this browser cannot play the file'));
    if (video.error) refuse(); // before anybody listened
    video.onended = () => resolve(null);
    video.onerror = refuse;
    video.requestVideoFrameCallback((_, found) => resolve(found));
    video.play().catch(() => {});
  });
}
