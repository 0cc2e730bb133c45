// The worker in which everything is computed; the page only shows it.
//
// In: { do: 'load', base, threads }, { do: 'file', file, source }, { do: 'open', live, source },
//     { do: 'frame', frame, timeS }, { do: 'close' }, { do: 'stop' }.
// Out: { is: 'loaded', settings }, { is: 'info', numFrames }, { is: 'rows', rows, frame, timeS,
//      width, height, wall }, { is: 'done', numFrames, seconds }, { is: 'stopped' },
//      { is: 'unreadable', reason }, { is: 'failed', reason }.

import { Analyzer } from './chain/analyzer.js';
import { decodeFrames } from './chain/decode.js';
import { PixelReader } from './chain/display.js';
import { loadNetworks } from './chain/networks.js';

let networks, settings, analyzer, stopped = false, numFrames = 0;
const pixels = new PixelReader();

const TASKS = {
  async load({ base, threads }) {
    settings = await (await fetch(new URL('settings.json', base))).json();
    networks = await loadNetworks(settings, base, threads);
    postMessage({ is: 'loaded', settings });
  },

  async file({ file, source }) {
    open({ live: false, source });
    const started = performance.now();
    try {
      for await (const { frame, timeS, display } of decodeFrames(file, tellInfo)) {
        await take(frame, timeS, display);
        if (stopped) break;
      }
    } catch (error) {
      if (!numFrames) {
        postMessage({ is: 'unreadable', reason: error.message });
        return;
      }
      await finish(started, error.message);
      return;
    }
    await finish(started);
  },

  open,

  async frame({ frame, timeS }) {
    if (analyzer) await take(frame, timeS);
    else frame.close();
  },

  async close() {
    if (analyzer) await finish(performance.now());
  },
};

function tellInfo(info) {
  postMessage({ is: 'info', ...info });
}

function open({ live, source }) {
  analyzer = new Analyzer(networks, settings, { live, source });
  numFrames = 0;
  stopped = false;
}

async function take(frame, timeS, display) {
  const started = performance.now();
  const picture = pixels.read(frame, display);
  frame.close();
  const rows = await analyzer.push(numFrames, timeS, picture);
  postMessage({ is: 'rows', rows, frame: numFrames, timeS, width: picture.width,
    height: picture.height, wall: performance.now() - started });
  numFrames += 1;
}

async function finish(started, error) {
  const rows = await analyzer.finish();
  analyzer = undefined;
  const seconds = (performance.now() - started) / 1000;
  postMessage({ is: 'done', rows, numFrames, seconds, error, stopped });
}

// One message at a time; `stop` takes effect between two frames.
let before = Promise.resolve();
onmessage = ({ data }) => {
  if (data.do === 'stop') {
    stopped = true;
    return;
  }
  before = before.then(() => TASKS[data.do](data)).catch((error) => {
    postMessage({ is: 'failed', reason: error.message });
  });
};
postMessage({ is: 'ready' });
