"""The pretrain command: flags of a recipe, one run, and probes of its features."""

from pathlib import Path

from wildaffect.core.console import Console
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.runs import Run, read_metrics
from wildaffect.training.images.job import ImageTrainerConfig, load_sets
from wildaffect.training.images.pretrain_job import find_images, pretrain_run
from wildaffect.workflows.finetune import places_of, print_sets, warn_about_precision
from wildaffect.workflows.image_progress import StepBar
from wildaffect.workflows.pretrain_flags import PretrainCommand


def pretrain(command: PretrainCommand) -> int:
    """Train and print where the results are."""
    import torch  # noqa: PLC0415 - the command line is read before

    torch.set_num_threads(command.threads)
    folder = command.output or Path("runs") / f"{command.recipe.name}-{command.recipe.seed}"
    console = Console(highlight=False, soft_wrap=True)
    trees = [find_images(root) for root in command.images]
    probed = load_sets(places_of(command.probe, (), ()), command.probe_split)
    if is_first_process():
        for tree in trees:
            console.print(f"{tree.root}: {len(tree.paths)} images", markup=False)
        print_sets(probed, console)
        warn_about_precision(command.recipe, command.device, console)
    with StepBar(folder) as bar:
        run = pretrain_run(
            command.recipe,
            trees,
            folder,
            probed=probed,
            config=ImageTrainerConfig(
                accelerator=command.device,
                trackers=command.trackers,
                strategy=command.strategy,
                micro_batch_size=command.micro_batch_size,
                decoders=command.decoders,
            ),
            data_license=command.data_license,
            callbacks=bar.callbacks,
        )
    if is_first_process():
        console.print(_last_line(run), markup=False)
    return 0


def _last_line(run: Run) -> str:
    last = list(read_metrics(run))[-1]
    text = f"{run.folder}: {last['epoch']} epochs, loss {last['loss']:.4f}"
    for name, value in last.items():
        if name.endswith("linear/score"):
            text += f", linear probe {value:.3f}"
        if name.endswith("neighbors/score"):
            text += f", nearest neighbors {value:.3f}"
    return text
