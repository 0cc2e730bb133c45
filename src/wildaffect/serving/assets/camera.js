// The page of the camera: sends its frames, no more than the service reads, and draws the
// rows that come back over the picture.

import { createOverlay } from '/assets/overlay.js';
import { Traces, showNumbers } from '/assets/people.js';
import { element, enter, showError } from '/assets/service.js';

const WIDTH = 640, QUALITY = 0.85, SPAN_S = 30, KEPT = 30;
const MAX_IN_PROGRESS = 3, STALE_S = 0.4;
const video = element('video'), canvas = document.createElement('canvas');
const overlay = createOverlay(element('faces')), traces = new Traces(element('traces'));
let camera = null, socket = null, session = null;

const now = () => performance.now() / 1000;

async function startCamera() {
  showError('');
  if (!navigator.mediaDevices) {
    throw new Error('Browsers give pages a camera only on localhost or over https.');
  }
  element('state').textContent = 'Asking for the camera';
  try {
    camera = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false,
    });
  } catch (error) {
    throw new Error(error.name === 'NotAllowedError'
      ? 'The camera was not allowed; allow it for this page and start again.'
      : 'There is no camera, or another program uses it.');
  }
  video.srcObject = camera;
  await video.play();
  element('empty').hidden = true;
  element('stage').style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
  openSocket();
}

function openSocket() {
  element('state').textContent = 'Loading the model';
  traces.clear();
  socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/live`);
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = ({ reason }) => {
    if (camera) stop(reason || 'The connection to the service has ended.');
  };
}

function receive(message) {
  if (message.type === 'ready') {
    session = { start_s: now(), sent: [], rows: [], delays: [], arrivals: [], skipped: 0, dropped: 0,
      isEncoding: false };
    element('state').textContent = 'Live';
    nextFrame();
  } else if (message.type === 'state') {
    session.dropped = message.dropped;
  } else {
    addRow(message);
  }
}

function addRow(row) {
  const { rows, sent, delays, arrivals, start_s } = session;
  if (rows.length && rows[0].frame !== row.frame) rows.length = 0;
  rows.push(row);
  traces.add(row);
  while (sent.length && sent[0] <= row.time_s) {
    if (sent.shift() !== row.time_s) continue;
    delays.push(now() - start_s - row.time_s);
    arrivals.push(now());
    for (const each of [delays, arrivals]) if (each.length > KEPT) each.shift();
  }
}

// Sends the frame that the camera shows, unless the service still has enough to read.
function nextFrame() {
  if (!session) return;
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(nextFrame);
  else requestAnimationFrame(nextFrame);
  const { sent, start_s, isEncoding } = session, time_s = now() - start_s;
  const isBehind = sent.length >= MAX_IN_PROGRESS && time_s - sent.at(-1) < STALE_S;
  if (isEncoding || isBehind || socket.bufferedAmount > 0 || !video.videoWidth) {
    session.skipped += 1;
    return;
  }
  session.isEncoding = true;
  canvas.width = Math.min(WIDTH, video.videoWidth);
  canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
  canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
  const from = session;
  canvas.toBlob((blob) => send(blob, time_s, from), 'image/jpeg', QUALITY);
}

async function send(blob, time_s, from) {
  const picture = await blob.arrayBuffer();
  if (session !== from) return; // stopped meanwhile
  session.isEncoding = false;
  const data = new Uint8Array(8 + picture.byteLength);
  new DataView(data.buffer).setFloat64(0, time_s, true);
  data.set(new Uint8Array(picture), 8);
  socket.send(data);
  session.sent.push(time_s);
}

function show() {
  if (session) {
    const { rows, start_s, delays, arrivals, skipped, dropped } = session;
    const size = { width: canvas.width, height: canvas.height };
    if (rows.length) overlay.draw(rows, { ...size, mirrored: true });
    showNumbers(element('now').tBodies[0], rows);
    traces.to_s = Math.max(now() - start_s, SPAN_S);
    traces.from_s = traces.to_s - SPAN_S;
    traces.forgetBefore(traces.from_s);
    traces.draw();
    const span_s = arrivals.at(-1) - arrivals[0];
    const delay_s = [...delays].sort((a, b) => a - b)[delays.length >> 1];
    const rate = `${((arrivals.length - 1) / span_s).toFixed(0)} per second`;
    element('rate').textContent = span_s > 0 ? rate : 'none';
    element('delay').textContent = delay_s ? `${Math.round(1000 * delay_s)} ms` : 'none';
    element('dropped').textContent = String(skipped + dropped);
  }
  requestAnimationFrame(show);
}

function stop(reason = '') {
  camera?.getTracks().forEach((track) => track.stop());
  session = camera = null;
  socket?.close();
  video.srcObject = null;
  overlay.clear();
  element('empty').hidden = false;
  element('toggle').textContent = 'Start the camera';
  element('state').textContent = 'The camera is off.';
  if (reason) showError(`${reason[0].toUpperCase()}${reason.slice(1)}`);
}

element('toggle').addEventListener('click', async () => {
  if (camera) {
    stop();
    return;
  }
  element('toggle').textContent = 'Stop the camera';
  await startCamera().catch((error) => stop(error.message));
});
window.wildaffect = { traces, session: () => session };
enter().then(() => {
  element('toggle').disabled = false;
  requestAnimationFrame(show);
}, (error) => showError(error.message));
