// Write expression.json: logits of the package's own network in its own runtime.
//
// Run: npm install @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4.22.0
//      @tensorflow/tfjs-backend-wasm@4.22.0 && python crops.py && node make_expression.mjs
// Plain JavaScript arithmetic (backend "cpu"); crops.bin is what crops.py writes.
import fs from "fs";
import { createRequire } from "module";

const require = createRequire(process.cwd() + "/");
const tf = require("@tensorflow/tfjs");
const faceapi = require("@vladmandic/face-api/dist/face-api.node-wasm.js");

await tf.setBackend("cpu");
await tf.ready();
const net = faceapi.nets.faceExpressionNet;
await net.loadFromDisk("node_modules/@vladmandic/face-api/model");
const bytes = fs.readFileSync("crops.bin");
const size = 112 * 112 * 3;
const logits = [];
const probabilities = [];
for (let start = 0; start < bytes.length; start += size) {
  const crop = tf.tensor3d(new Uint8Array(bytes.subarray(start, start + size)), [112, 112, 3]);
  const input = await faceapi.toNetInput(crop);
  logits.push(Array.from(net.runNet(input).dataSync()));
  probabilities.push(Array.from(net.forwardInput(input).dataSync()));
}
const origin =
  "@vladmandic/face-api " + faceapi.version + ", TensorFlow.js " + tf.version.tfjs +
  " (cpu), weights face_expression_model of the package; made by make_expression.mjs";
fs.writeFileSync(
  "expression.json",
  JSON.stringify({ origin, logits, probabilities }, null, 1) + "\n",
);
