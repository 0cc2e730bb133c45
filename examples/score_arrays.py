"""Score predictions in memory against labels, with intervals over videos."""

import numpy as np

import wildaffect

rng = np.random.default_rng(0)
num_rows = 600
labels = {
    "video": np.arange(num_rows) // 100,
    "valence": rng.uniform(-1, 1, num_rows),
    "expression": rng.integers(0, 8, num_rows),  # codes of Aff-Wild2, or names
}
predictions = {
    "valence": labels["valence"] * 0.8 + rng.normal(0, 0.1, num_rows),
    "expression": np.where(rng.random(num_rows) < 0.7, labels["expression"], 0),
}

report = wildaffect.evaluate(labels, predictions)
for score in report.scores[:4]:
    print(f"{score.title}: {score.value:.3f} ({score.low:.3f} to {score.high:.3f})")
print(report)
