// A person's neutral face, estimated from calm moments; until it is known, the population's.

const MAX_STEP_S = 0.2, FIRST_STEP_S = 0.04;

export class PersonNeutral {
  constructor(policy, settings) {
    this.policy = policy;
    const { names } = settings.blendshapes;
    this.limits = Object.entries(policy.calm_limits)
      .map(([name, limit]) => ({ place: names.indexOf(name), limit }));
    const known = policy.population_geometry;
    this.populationGeometry = known
      && settings.geometry.measures.map(({ name }) => known[name]);
    this.geometry = null;
    this.population = names.map((name) => Math.fround(policy.population[name] ?? 0));
    this.blendshapes = Float64Array.from(this.population);
    this.calmS = 0;
    this.lastS = null;
  }

  // How well the person's own neutral is known, in [0, 1).
  get confidence() {
    return this.calmS / (this.calmS + this.policy.prior_s);
  }

  update(timeS, geometry, blendshapes) {
    const stepS = this.lastS === null ? FIRST_STEP_S : timeS - this.lastS;
    this.lastS = timeS;
    const seconds = Math.min(stepS, MAX_STEP_S) * this.calmness(blendshapes);
    if (seconds <= 0) return;
    this.calmS += seconds;
    const share = seconds / this.calmS;
    this.blendshapes = this.geometry
      ? this.blendshapes.map((value, at) => value + share * (blendshapes[at] - value))
      : Float64Array.from(blendshapes);
    this.geometry = this.geometry
      ? this.geometry.map((value, at) => value + share * (geometry[at] - value))
      : Float64Array.from(geometry);
  }

  // Difference to the neutral, interpolated between the population's and the person's own.
  geometryChange(geometry) {
    const known = this.confidence, { populationGeometry: population, geometry: own } = this;
    return geometry.map((value, at) => {
      if (!population) return own ? known * (value - own[at]) : 0;
      if (!own) return value - Math.fround(population[at]);
      return value - (known * own[at] + (1 - known) * Math.fround(population[at]));
    });
  }

  blendshapesChange(blendshapes) {
    const known = this.confidence;
    return blendshapes.map((value, at) => value
      - (known * this.blendshapes[at] + (1 - known) * this.population[at]));
  }

  calmness(blendshapes) {
    const used = this.limits.map(({ place, limit }) => Math.max(blendshapes[place], 0) / limit);
    return Math.max(0, 1 - Math.max(...used));
  }
}
