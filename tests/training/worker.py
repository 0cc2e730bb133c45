"""One of the processes of `test_processes.py`: trains a small recipe to its end.

python worker.py FOLDER VARIANT, or a fork that has these words (`forks.py`).
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))

from conftest import TINY, made_up_sequence
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.losses.config import LossConfig, UncertaintyWeights
from wildaffect.models.frameworks import FrameworkConfig, HeadConfig, LabelFeedback
from wildaffect.models.fusion.config import Late
from wildaffect.training.core import trainer
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.loop import Step
from wildaffect.training.core.recipe import BestOnDevSplit, OptimConfig
from wildaffect.training.core.runs import Run
from wildaffect.training.temporal.objective import TemporalObjective


class Killed(Exception):
    """Stands for the end of the process."""


FEEDBACK = LabelFeedback(
    sources={Task.AROUSAL: (Task.VALENCE, Task.EXPRESSION)},
    embedding_dim=4,
    truth_share=0.0,
)
GENTLE = OptimConfig(peak_lr=1e-3)
"""Where a gradient is nearly 0, Adam takes steps as large as the rate by its rounding."""
DROPOUT = {"model": replace(TINY.model, head=HeadConfig(hidden_dims=(16,), dropout=0.3))}
VARIANTS = {
    "ccc": {},
    "uncertainty": {"loss": LossConfig(task_weighting=UncertaintyWeights())},
    "label-feedback": {
        "model": replace(TINY.model, framework=FrameworkConfig(feedback=FEEDBACK))
    },
    "dev": {
        "selection": BestOnDevSplit(share=0.3, patience_epochs=9),
        "ema_decay": 0.9,
    },
    "late-fusion": {"model": replace(TINY.model, fusion=Late())},
    "dropout": DROPOUT,
    "dropout-killed": DROPOUT,
}


def main() -> None:
    """Train; the variant that is killed ends in the middle of its second epoch."""
    torch.set_num_threads(1)
    folder, variant = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(exist_ok=True)
    people = [made_up_sequence(index, num_rows=30 + 6 * index) for index in range(8)]
    if variant == "late-fusion":
        people = [_of_two_sets(person) for person in people]
    fabric = launch("cpu", "32-true")
    if variant == "dropout-killed":
        trainer.EVERY_S = 0.0
        count = trainer.Trainer._count

        def dying(self: trainer.Trainer, step: Step) -> None:
            count(self, step)
            if step.index == self._plan.steps_per_epoch:
                raise Killed

        trainer.Trainer._count = dying
    recipe = replace(TINY, optim=GENTLE, **VARIANTS[variant])
    objective = TemporalObjective(recipe, people, fabric=fabric, spaces=LabelSpaces())
    trainer.Trainer(recipe, objective, Run(folder), fabric=fabric).run()


def _of_two_sets(person: FrameSequence) -> FrameSequence:
    """Return the sequence with its last column as a set, which its first rows lack."""
    features = person.features.copy()
    features[:5, -1] = float("nan")
    widths = (features.shape[1] - 1, 1)
    return replace(person, features=features, set_widths=widths)


if __name__ == "__main__":
    main()
