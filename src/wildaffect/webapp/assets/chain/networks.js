// Networks in the runtime (onnxruntime-web, WebAssembly).

import * as ort from '../runtime/ort.wasm.bundle.min.mjs';

// Loads the networks of a site: { detector, mesh, blendshapes, occlusion, backbones, members }.
export async function loadNetworks(settings, base, threads) {
  ort.env.wasm.wasmPaths = { wasm: new URL('runtime/ort-wasm-simd-threaded.wasm', base).href };
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = 'error';
  const load = (file) => Network.load(new URL(`networks/${file}`, base).href);
  const names = ['detector', 'mesh', 'blendshapes', 'occlusion'];
  const found = {};
  for (const name of names) found[name] = await load(settings.networks[name]);
  found.members = [];
  for (const member of settings.artifact.members) {
    found.members.push(await load(member.network.file));
  }
  found.backbones = [];
  for (const backbone of settings.backbones) {
    found.backbones.push(await load(backbone.network.file));
  }
  return found;
}

class Network {
  constructor(session) {
    this.session = session;
    this.inputNames = session.inputNames;
  }

  static async load(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`cannot read ${url}: ${answer.status}`);
    const content = new Uint8Array(await answer.arrayBuffer());
    const options = { executionProviders: ['wasm'], logSeverityLevel: 3 };
    return new Network(await ort.InferenceSession.create(content, options));
  }

  // Runs on { name: { data, shape } }, Float32Array or BigInt64Array; returns name -> data.
  async run(inputs) {
    const feeds = {};
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      const type = data instanceof BigInt64Array ? 'int64' : 'float32';
      feeds[name] = new ort.Tensor(type, data, shape);
    }
    const answer = await this.session.run(feeds);
    return Object.fromEntries(Object.entries(answer).map(([name, { data }]) => [name, data]));
  }

  // Runs on the only input; returns the outputs in the order of the file.
  async runOne(data, shape) {
    const answer = await this.run({ [this.inputNames[0]]: { data, shape } });
    return this.session.outputNames.map((name) => answer[name]);
  }
}
