// The page of a video: drop it, see its analysis come in over it, download the results.

import { createOverlay } from '/assets/overlay.js';
import { Traces, showNumbers } from '/assets/people.js';
import { Player } from '/assets/player.js';
import { ask, element, enter, fragment, sentence, setFragment, showError }
  from '/assets/service.js';

const NAMES = {
  csv: 'Table (CSV)', parquet: 'Table (Parquet)', jsonl: 'Table (JSON Lines)',
  events: 'Events (CSV)', report: 'Report to look at', overlay: 'Picture with everything drawn',
};
const FINAL = new Set(['done', 'failed', 'canceled']);
const IMAGE = /\.(jpe?g|png|webp|bmp|gif|avif)$/i;
const player = new Player(element('stage'), createOverlay(element('faces')),
  new Traces(element('traces'), (time_s) => player.seek(time_s)),
  (rows) => showNumbers(element('now').tBodies[0], rows));
let limits = null, job = null, stream = null, upload = null;

function megabytes(bytes) {
  if (bytes < 1e5) return `${Math.ceil(bytes / 1e3)} kB`;
  return `${+(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
const minutes = (count) => `${+count.toFixed(1)} minute${count === 1 ? '' : 's'}`;
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;
const counted = (count, noun, nouns) => `${count} ${count === 1 ? noun : nouns}`;

function reset() {
  stream?.close();
  upload?.abort();
  job = stream = upload = null;
  player.clear();
  showError('');
}

function showWork(name, source) {
  reset();
  player.load(source, IMAGE.test(name));
  element('choose').hidden = true;
  element('work').hidden = false;
  element('name').textContent = name;
  for (const id of ['files', 'delete', 'another']) element(id).hidden = true;
  element('cancel').hidden = false;
  element('name').focus();
}

function showChoice() {
  reset();
  setFragment({});
  element('work').hidden = true;
  element('choose').hidden = false;
  element('file').value = '';
  element('file').focus();
}

function progress(part, text) {
  const bar = element('bar');
  bar.classList.toggle('unknown', part === null);
  if (part === null) bar.removeAttribute('aria-valuenow');
  else bar.setAttribute('aria-valuenow', Math.round(100 * part));
  bar.firstElementChild.style.width = part === null ? '' : `${100 * part}%`;
  if (element('state').textContent !== text) element('state').textContent = text;
}

function start(file) {
  if (file.size > limits.max_bytes) {
    const most = megabytes(limits.max_bytes);
    showError(`${file.name} has ${megabytes(file.size)}; this service takes up to ${most}.`);
    return;
  }
  showWork(file.name, URL.createObjectURL(file));
  const query = new URLSearchParams({ name: file.name });
  if (element('overlay').checked) query.set('overlay', 'true');
  if (element('blur').checked) query.set('blur_faces', 'true');
  const request = new XMLHttpRequest();
  upload = request;
  request.open('POST', `/api/jobs?${query}`);
  request.responseType = 'json';
  request.upload.onprogress = ({ loaded, total }) => {
    progress(loaded / total, `Sending: ${Math.round((100 * loaded) / total)} %`);
  };
  request.onerror = () => fail('The file could not be sent; check that the service still runs.');
  request.onload = () => {
    upload = null;
    if (request.status === 202) follow(request.response);
    else fail(sentence(request.response));
  };
  request.send(file);
}

function fail(text) {
  showChoice();
  showError(text);
}

function follow(state) {
  setFragment({ job: state.id });
  showState(state);
  stream = new EventSource(`/api/jobs/${state.id}/events`);
  stream.addEventListener('job', (event) => showState(JSON.parse(event.data)));
  stream.addEventListener('rows', (event) => player.add(JSON.parse(event.data)));
  stream.addEventListener('end', (event) => {
    stream.close();
    player.draw();
    if (JSON.parse(event.data).error) fail('The job was deleted.');
  });
}

function showState(state) {
  job = state;
  const { frames_done: done, frames_total: total, time_s } = state.progress;
  const part = total && done ? Math.min(done / total, 1) : null;
  const shown = {
    queued: [null, 'Waiting for its turn'],
    running: [part, runningText(part, done, total, time_s)],
    done: [1, doneText(state)],
    failed: [0, 'Not analyzed'],
    canceled: [0, 'Canceled'],
  };
  progress(...shown[state.state]);
  player.isComplete = FINAL.has(state.state);
  if (player.isComplete) showEnd(state);
}

function runningText(part, done, total, time_s) {
  if (!done) return 'Starting';
  if (part === 1) return 'Writing the results';
  return `Analyzing: ${done}${total ? ` of ${total}` : ''} frames, ${clock(time_s)}`;
}

function doneText({ summary }) {
  if (!summary) return 'Done';
  const frames = counted(summary.num_frames, 'frame', 'frames');
  return `Done: ${frames}, ${counted(summary.num_tracks, 'person', 'people')}`;
}

function showEnd(state) {
  if (state.error && state.state !== 'canceled') {
    showError(sentence({ error: { message: state.error } }));
  }
  element('cancel').hidden = true;
  element('delete').hidden = element('another').hidden = false;
  const kinds = Object.keys(NAMES).filter((kind) => kind in state.files);
  element('files').hidden = !kinds.length;
  element('files').querySelector('ul').replaceChildren(...kinds.map((kind) => fileItem(state, kind)));
}

function fileItem(state, kind) {
  const [item, link, size] = ['li', 'a', 'small'].map((tag) => document.createElement(tag));
  link.href = `/api/jobs/${state.id}/files/${kind}`;
  link.textContent = NAMES[kind].replace('Picture', player.isPhoto ? 'Picture' : 'Video');
  if (kind === 'report' || kind === 'overlay') link.target = '_blank';
  else link.download = '';
  size.textContent = megabytes(state.files[kind]);
  item.append(link, size);
  return item;
}

function listen() {
  element('file').addEventListener('change', ({ target }) => target.files[0] && start(target.files[0]));
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      element('drop').classList.toggle('over', kind === 'dragover');
      const file = event.dataTransfer?.files[0];
      if (kind === 'drop' && file && !element('choose').hidden) start(file);
    });
  }
  element('blur').addEventListener('change', ({ target }) => {
    if (target.checked) element('overlay').checked = true;
  });
  element('overlay').addEventListener('change', ({ target }) => {
    if (!target.checked) element('blur').checked = false;
  });
  element('another').addEventListener('click', showChoice);
  element('cancel').addEventListener('click', () => {
    if (!job) showChoice();
    else ask('POST', `/api/jobs/${job.id}/cancel`).catch((error) => showError(error.message));
  });
  element('delete').addEventListener('click', () => {
    ask('DELETE', `/api/jobs/${job.id}`).then(showChoice, (error) => showError(error.message));
  });
}

async function open() {
  limits = await enter();
  element('limit').textContent = `, up to ${megabytes(limits.max_bytes)}`;
  element('privacy').textContent = 'Files stay on the machine that runs this service, and are ' +
    `deleted ${minutes(limits.keep_minutes)} after they are done.`;
  listen();
  const { job: id } = fragment();
  if (!id) {
    element('choose').hidden = false;
    return;
  }
  try {
    const state = await ask('GET', `/api/jobs/${encodeURIComponent(id)}`);
    showWork(state.name, `/api/jobs/${state.id}/files/source`);
    follow(state);
  } catch (error) {
    showChoice();
    showError(error.message);
  }
}

window.wildaffect = { player };
open().catch((error) => showError(error.message));
