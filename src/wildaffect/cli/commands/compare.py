"""Train recipes over several seeds and compare them in pairs, with intervals over videos.

Examples:
    wildaffect compare modern-frame modern-gru modern --data worlds/wild --seeds 5

    wildaffect compare abaw4-gru abaw4-lstm --data s-Aff-Wild2 --features features
        --reference abaw4-lstm -o compare/rnn
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Positional
from wildaffect.core.threads import TrainingThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `compare`."""

    recipes: Annotated[tuple[str, ...], Positional("RECIPE")]
    """Recipes by name, or recipe.json files of runs; the first is the reference."""
    data: Path
    """Folder of annotations."""
    features: Path | None = None
    """Feature store; by default `features` in the data folder."""
    output: Path = Path("comparison")
    """Folder for the runs and the comparison table (Markdown, JSON and SVG)."""
    seeds: int = 5
    """Number of runs per recipe, each with its own seed."""
    reference: str | None = None
    """Recipe to compare the others with; by default the first."""
    score_split: str = "val"
    """Split to score on; nothing is selected on it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto is cuda where there is one."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""


def run(command: Command) -> int:
    """Run the comparison and print where the table is."""
    require_train("compare")
    from wildaffect.cli.training_progress import TrainingProgress
    from wildaffect.workflows.compare import compare

    with TrainingProgress() as progress:
        result = compare(
            command.recipes,
            command.data,
            features=command.features,
            output=command.output,
            num_seeds=command.seeds,
            reference=command.reference,
            score_split=command.score_split,
            device=command.device,
            num_threads=command.threads,
            on_epoch_end=progress.show_epoch,
            on_note=progress.note,
        )
        progress.result(result)
    return 0
