// The page: chooses the source, shows frames and rows, offers downloads.

import { csvHeader, csvLine, jsonLine } from './chain/table.js';
import { createOverlay } from './overlay.js';
import { People } from './people.js';
import { followCamera, followFile } from './player.js';
import { RowStore } from './store.js';

const LIVE_S = 20; // seconds of a camera that the traces show

const $ = (id) => document.getElementById(id);
const video = document.querySelector('video');
const overlay = createOverlay($('overlay'));
const people = new People($('people'), (timeS) => seek(timeS));

const state = { settings: null, store: new RowStore(), source: '', live: false, busy: false,
  numFrames: 0, numDone: 0, size: null, recent: [], startedMs: 0, drawnMs: 0, stop: () => {}, waiting: null };
window.wildaffect = state;

const worker = startWorker();
worker.onmessage = ({ data }) => ANSWERS[data.is](data);
worker.onerror = (event) => fail(event.message || 'the worker did not start');

// From a blob, so that the page's content security policy holds in the worker too.
function startWorker() {
  const script = `import ${JSON.stringify(new URL('worker.js', location.href).href)};`;
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  return new Worker(url, { type: 'module' });
}

const ANSWERS = {
  ready() {
    const threads = globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 4) : 1;
    worker.postMessage({ do: 'load', base: location.href, threads });
  },

  loaded({ settings }) {
    state.settings = settings;
    $('about').textContent = `wildaffect ${settings.version}, model ${settings.artifact.name} `
      + `${settings.artifact.version} (${settings.artifact.license}). `;
    const link = document.createElement('a');
    link.href = 'NOTICES.md';
    link.textContent = 'Licenses';
    $('about').append(link);
    setBusy(false);
    say('Ready.');
  },

  info({ numFrames }) {
    state.numFrames = numFrames;
  },

  rows({ rows, timeS, width, height }) {
    state.numDone += 1;
    state.size = { width, height };
    state.store.add(rows);
    state.recent = [...state.recent.slice(-30), performance.now()];
    if (state.waiting) state.waiting();
    if (state.live) drawLive(timeS);
    else drawProgress(timeS);
  },

  done({ rows, numFrames, seconds, error, stopped }) {
    state.store.add(rows);
    setBusy(false);
    if (state.waiting) state.waiting();
    const rate = numFrames / ((performance.now() - state.startedMs) / 1000);
    const ending = error ? `Broke off: ${error}. ` : stopped ? 'Stopped. ' : '';
    say(`${ending}${numFrames} frames, ${counted(state.store.people.size)}, `
      + `${rate.toFixed(1)} frames/s.${note()}`, Boolean(error));
    state.seconds = seconds;
    if (state.live) showWhole();
    else {
      seek(0);
      draw();
    }
    document.body.dataset.done = 'true';
  },

  unreadable({ reason }) {
    playInstead(reason);
  },

  failed({ reason }) {
    fail(reason);
  },
};

function fail(reason) {
  setBusy(false);
  say(`Failed: ${reason}`, true);
}

function say(text, isBad = false) {
  $('status').textContent = text;
  $('status').classList.toggle('bad', isBad);
}

function counted(numPeople) {
  return numPeople === 1 ? '1 person' : `${numPeople} people`;
}

function note() {
  return state.note ? ` ${state.note}` : '';
}

function setBusy(isBusy) {
  state.busy = isBusy;
  for (const id of ['choose', 'camera']) $(id).disabled = isBusy || !state.settings;
  $('stop').hidden = !isBusy || !state.settings;
  $('progress').hidden = !isBusy || state.live;
  const hasRows = !isBusy && state.store.rows.length > 0;
  for (const id of ['csv', 'jsonl']) $(id).hidden = !hasRows;
  $('play').hidden = isBusy || state.live || !hasRows;
}

function begin(source, live) {
  Object.assign(state, { store: new RowStore(), source, live, numFrames: 0, numDone: 0, recent: [],
    startedMs: performance.now(), note: '', stop: () => worker.postMessage({ do: 'stop' }) });
  delete document.body.dataset.done;
  people.clear();
  overlay.clear();
  video.classList.toggle('mirrored', live);
  $('drop').hidden = true;
  setBusy(true);
}

function openFile(file) {
  if (!file || state.busy || !state.settings) return;
  closeSource();
  begin(file.name, false);
  video.src = URL.createObjectURL(file);
  video.onloadedmetadata = () => fitStage(video.videoWidth, video.videoHeight);
  say(`Opening ${file.name} ...`);
  worker.postMessage({ do: 'file', file, source: file.name });
}

// Reads a file as the browser plays it, where it cannot be read frame by frame.
async function playInstead(reason) {
  worker.postMessage({ do: 'open', live: false, source: state.source });
  let isStopped = false;
  state.stop = () => { isStopped = true; video.pause(); video.dispatchEvent(new Event('ended')); };
  try {
    const missed = await followFile(video, sendFrame, () => isStopped);
    state.note = `Read while it played (${reason}); ${missed} frames were skipped.`;
    worker.postMessage({ do: 'close' });
  } catch (error) {
    fail(`${state.source}: ${error.message}`);
  }
}

async function openCamera() {
  if (state.busy) return;
  closeSource();
  begin('camera', true);
  say('Waiting for the camera ...');
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720,
      facingMode: 'user' } });
    video.srcObject = stream;
    await video.play();
    fitStage(video.videoWidth, video.videoHeight);
    worker.postMessage({ do: 'open', live: true, source: 'camera' });
    const unfollow = followCamera(video, sendFrame);
    state.stop = () => {
      unfollow();
      closeSource();
      worker.postMessage({ do: 'close' });
    };
  } catch (error) {
    fail(`the camera cannot be used: ${error.message}`);
    $('drop').hidden = false;
  }
}

// Gives a frame to the worker; resolves once its answer has come.
function sendFrame(frame, timeS) {
  return new Promise((resolve) => {
    state.waiting = () => { state.waiting = null; resolve(); };
    worker.postMessage({ do: 'frame', frame, timeS }, [frame]);
  });
}

function closeSource() {
  video.pause();
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  if (video.src) URL.revokeObjectURL(video.src);
  video.removeAttribute('src');
}

function fitStage(width, height) {
  $('stage').style.aspectRatio = `${width} / ${height}`;
}

function rate() {
  const { recent } = state;
  return recent.length < 2 ? 0 : 1000 * (recent.length - 1) / (recent.at(-1) - recent[0]);
}

function drawLive(timeS) {
  overlay.draw(state.store.frames.at(-1)?.rows ?? [], { ...state.size, mirrored: true });
  people.draw(state.store, [Math.max(0, timeS - LIVE_S), Math.max(timeS, LIVE_S)], state.store.lastS);
  say(`${rate().toFixed(1)} frames/s`);
}

function drawProgress(timeS) {
  const { numDone, numFrames } = state;
  if (numFrames) $('progress').value = numDone / numFrames;
  else $('progress').removeAttribute('value');
  const wait = state.store.rows.length ? '' : '; rows follow once the first neutral face is estimated';
  say(`Frame ${numDone}${numFrames ? ` of ${numFrames}` : ''}, ${rate().toFixed(1)} frames/s${wait}`);
  const now = performance.now();
  if (now - state.drawnMs < 250) return; // the analysis goes first
  state.drawnMs = now;
  const shownS = Math.min(timeS, state.store.lastS);
  if (video.paused && !video.seeking && numFrames) video.currentTime = shownS + 0.002;
  draw(shownS);
}

// After a camera: no picture is kept, the traces are.
function showWhole() {
  overlay.clear();
  $('drop').hidden = false;
  people.draw(state.store, [0, Math.max(state.store.lastS, 1)], state.store.lastS);
}

// Draws the rows of the frame that the video shows.
function draw(timeS = video.currentTime) {
  if (!state.size) return;
  if (state.live) {
    if (!state.busy) showWhole();
    return;
  }
  const range = [0, Math.max(video.duration || 0, state.store.lastS, 1)];
  overlay.draw(state.store.at(video.currentTime), state.size);
  people.draw(state.store, range, Math.min(timeS, state.busy ? state.store.lastS : timeS));
}

function seek(timeS) {
  if (state.live || !video.src) return;
  video.currentTime = Math.max(0, timeS) + 0.002;
}

function followPlayback() {
  draw();
  if (!video.paused) video.requestVideoFrameCallback(followPlayback);
}

function download(kind) {
  const { columns } = state.settings;
  const lines = kind === 'csv' ? [csvHeader(columns), ...state.store.rows.map((row) => csvLine(row, columns))]
    : state.store.rows.map((row) => jsonLine(row, columns));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(lines, { type: 'text/plain' }));
  link.download = `${state.source.replace(/\.[^.]*$/, '')}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

$('choose').onclick = () => $('file').click();
$('file').onchange = (event) => { openFile(event.target.files[0]); event.target.value = ''; };
$('camera').onclick = openCamera;
$('stop').onclick = () => state.stop();
$('play').onclick = () => (video.paused ? video.play() : video.pause());
$('csv').onclick = () => download('csv');
$('jsonl').onclick = () => download('jsonl');
video.onseeked = () => draw();
video.onplay = () => { $('play').textContent = 'Pause'; if (!state.busy) followPlayback(); };
video.onpause = () => { $('play').textContent = 'Play'; };
addEventListener('resize', () => draw());
addEventListener('dragover', (event) => { event.preventDefault(); $('drop').classList.add('over'); });
addEventListener('dragleave', () => $('drop').classList.remove('over'));
addEventListener('drop', (event) => {
  event.preventDefault();
  $('drop').classList.remove('over');
  openFile(event.dataTransfer.files[0]);
});
