// Rows of one video or camera from its frames, in the order of the frames.

import { FaceChain } from './chain.js';
import { Members } from './members.js';
import { PersonStream } from './person.js';

export class Analyzer {
  constructor(networks, settings, { live, source }) {
    this.chain = new FaceChain(networks, settings);
    this.members = new Members(networks, settings);
    this.settings = settings;
    this.live = live;
    this.source = source;
    this.people = new Map();
    this.frames = [];
    this.rows = new Map();
  }

  // Takes a frame { data, width, height, channels } and returns the rows that are now final.
  async push(frame, timeS, picture) {
    return this.take(await this.chain.push(frame, timeS, picture));
  }

  async finish() {
    const rows = await this.take(this.chain.finish());
    for (const person of this.people.values()) this.add(await person.finish());
    this.people.clear();
    return [...rows, ...this.ready()];
  }

  async take(settled) {
    for (const seen of settled) {
      this.frames.push(seen);
      for (const { trackId, face } of seen.faces) {
        if (!this.people.has(trackId)) {
          const person = new PersonStream(trackId, this.members, this.settings, this.live);
          this.people.set(trackId, person);
        }
        this.add(await this.people.get(trackId).push(seen.frame, seen.timeS, face));
      }
      for (const [trackId, person] of this.people) {
        if (seen.liveIds.has(trackId)) continue;
        this.people.delete(trackId);
        this.add(await person.finish());
      }
    }
    return this.ready();
  }

  add(rows) {
    for (const row of rows) this.rows.set(`${row.frame} ${row.track_id}`, row);
  }

  ready() {
    const done = [];
    while (this.frames.length) {
      const { frame, timeS, faces } = this.frames[0];
      const keys = faces.map(({ trackId }) => `${frame} ${trackId}`);
      if (!keys.every((key) => this.rows.has(key))) break;
      this.frames.shift();
      if (!keys.length) done.push({ frame, time_s: timeS, status: 'no_face', source: this.source });
      for (const key of keys) {
        done.push({ ...this.rows.get(key), source: this.source });
        this.rows.delete(key);
      }
    }
    return done;
  }
}
