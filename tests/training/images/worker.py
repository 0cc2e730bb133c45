"""One of the processes of `test_processes.py`: trains a small recipe on crops to its end.

python worker.py FOLDER VARIANT, or a fork that has these words (`forks.py`).

Reads the crops of `set` beside the folder. KILL_AT in the environment is the step at which
the process is killed as the system kills: nothing is tidied up.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))

from conftest import FINETUNE, PRETRAIN, register_small_networks
from wildaffect.losses.config import LossConfig, UncertaintyWeights
from wildaffect.models.backbones import registry
from wildaffect.models.frameworks import HeadConfig
from wildaffect.models.pretraining import catalog
from wildaffect.training.core import trainer
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.recipe import OptimConfig
from wildaffect.training.core.runs import Run
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import SetPlace
from wildaffect.training.images.pretrain_job import find_images, pretrain_run

GENTLE = OptimConfig(peak_lr=1e-3, max_grad_norm=0.5)
"""Where a gradient is nearly 0, Adam takes steps as large as the rate by its rounding."""
VIT = replace(
    FINETUNE,
    network="vit_test.mae_mean",
    optim=GENTLE,
    layer_decay=0.8,
    head=HeadConfig(hidden_dims=(), dropout=0.0),
)
LEARNED = replace(VIT, loss=LossConfig(task_weighting=UncertaintyWeights()))
MAE = replace(PRETRAIN, optim=GENTLE)
SHARDS, PORTIONS = {"strategy": "fsdp"}, {"micro_batch_size": 3}
VARIANTS = {
    "finetune": (VIT, {}),
    "finetune-dropout": (replace(VIT, drop_path=0.3), {}),
    "finetune-learned": (LEARNED, {}),
    "finetune-portions": (VIT, PORTIONS),
    "finetune-shards": (VIT, SHARDS),
    "finetune-shards-portions": (VIT, SHARDS | PORTIONS),
    "finetune-shards-learned": (LEARNED, SHARDS),
    "finetune-shards-recompute": (replace(VIT, recompute=True), SHARDS),
    "finetune-frozen": (replace(VIT, frozen_stages=2), {}),
    "finetune-shards-frozen": (replace(VIT, frozen_stages=2), SHARDS),
    "finetune-shards-compiled": (replace(VIT, compile=True), SHARDS),
    "finetune-shards-bf16": (replace(VIT, precision="bf16-mixed"), SHARDS),
    "pretrain": (MAE, {}),
    "pretrain-portions": (MAE, PORTIONS),
    "pretrain-shards": (MAE, SHARDS),
    "pretrain-shards-portions": (MAE, SHARDS | PORTIONS),
}


def main() -> None:
    """Train the variant, or as much of it as there is time for."""
    torch.set_num_threads(1)
    register_small_networks(registry.BACKBONES._parts, catalog.MAES)
    folder, (recipe, where) = Path(sys.argv[1]), VARIANTS[sys.argv[2]]
    data, kill_at = folder.parent / "set", int(os.environ.get("KILL_AT", "0"))
    if kill_at:
        trainer.EVERY_S = 0.0  # a checkpoint at every step

    def step(run: Run, done: int, num_steps: int, loss: float) -> None:
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    options = {
        "config": ImageTrainerConfig(accelerator="cpu", **where),
        "data_license": "ours",
        "callbacks": Callbacks(on_step_end=step),
    }
    if recipe.kind == "finetune":
        sets = load_sets([SetPlace(data=data)], "train")
        finetune_run(recipe, sets, folder, weights=None, **options)
    else:
        pretrain_run(recipe, [find_images(data)], folder, probed=(), **options)


if __name__ == "__main__":
    main()
