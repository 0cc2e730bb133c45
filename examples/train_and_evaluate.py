"""Train a recipe on your own labels and evaluate it on people it has not seen.

python examples/train_and_evaluate.py DATA: annotations with splits `train` and `val`, and
their features in DATA/features, as `wildaffect extract` writes them.
"""

import sys
from dataclasses import replace
from pathlib import Path

import wildaffect

data = Path(sys.argv[1])
recipe = replace(wildaffect.find_recipe("modern-frame"), num_epochs=2)

result = wildaffect.train(recipe, data, output="runs/mine")
print(result)

tables = wildaffect.predict("runs/mine", "predictions", data=data, split="val")
report = wildaffect.evaluate(data, tables.folder, split="val")
print(report)
