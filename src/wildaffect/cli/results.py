"""Output of commands about their results: scores, parity, locations."""

from wildaffect.core.console import Console
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.temporal.ensemble_pages import diversity_table, evaluated_table
from wildaffect.training.temporal.pages import fit_table, score_table, table_console
from wildaffect.workflows.compare import ComparisonResult
from wildaffect.workflows.ensemble import EnsembleResult
from wildaffect.workflows.export_model import ExportResult
from wildaffect.workflows.finetune import FinetuneResult
from wildaffect.workflows.pretrain import PretrainResult
from wildaffect.workflows.training_setup import TrainResult

Result = (
    TrainResult
    | FinetuneResult
    | PretrainResult
    | ComparisonResult
    | EnsembleResult
    | ExportResult
)


def print_result(result: Result) -> None:
    """Print a result, in the first process only."""
    if not is_first_process():
        return
    match result:
        case TrainResult():
            _print_training(result)
        case FinetuneResult():
            _print_finetuning(result)
        case PretrainResult():
            _print_pretraining(result)
        case ComparisonResult():
            _print_comparison(result)
        case EnsembleResult():
            _print_ensemble(result)
        case ExportResult():
            _print_export(result)


def print_note(note: str) -> None:
    """Print a note on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(note, markup=False)


def _print_training(result: TrainResult) -> None:
    console = table_console()
    if result.calibration is not None and result.trained is not None:
        where = result.trained.data.calibrated_on
        console.print(fit_table(result.calibration, result.recipe.model.tasks, where))
    if result.scores:
        console.print(score_table(result.scores, result.scored_on))
        last = result.scores[-1]
        console.print(
            f"{result.folder}: {last.total} ({last.interval}, 95 % over videos), "
            f"{last.name}"
        )
    elif result.trained is not None:
        num_videos = len(result.trained.data.train_videos)
        console.print(f"{result.folder}: trained on {num_videos} videos")


def _print_finetuning(result: FinetuneResult) -> None:
    console = table_console()
    if not result.scores:
        tasks = ", ".join(result.trained.data.tasks)
        console.print(f"{result.folder}: trained for {tasks}", markup=False)
        return
    line = result.scores[-1]
    console.print(score_table(result.scores, result.scored_on))
    console.print(
        f"{result.folder}: {line.total} ({line.interval}, 95 % over videos)",
        markup=False,
        soft_wrap=True,
    )


def _print_pretraining(result: PretrainResult) -> None:
    titles = {"linear": "linear probe", "neighbors": "nearest neighbors"}
    text = f"{result.folder}: {result.recipe.num_epochs} epochs, loss {result.loss:.4f}"
    for name, value in result.probes.items():
        source, _, probe = name.rpartition("/")
        text += f", {titles[probe]} {value:.3f}{f' on {source}' if source else ''}"
    Console(highlight=False, soft_wrap=True).print(text, markup=False)


def _print_comparison(result: ComparisonResult) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(result.markdown, markup=False)
    console.print(f"{result.folder}/comparison.md, .json, .svg", markup=False)


def _print_ensemble(result: EnsembleResult) -> None:
    console = table_console()
    console.print("members and their ensemble; tasks are out of sample")
    console.print(evaluated_table(result.evaluated, result.tasks, result.weights))
    console.print("\nhow alike members are: correlation of outputs, mean over tasks")
    names = [member.name for member in result.evaluated[:-1]]
    console.print(diversity_table(names, result.correlations))
    best = result.evaluated[-1].lines[-1].out_of_sample
    console.print(
        f"{result.folder}: {result.num_members} of {len(result.weights.weights)} members, "
        f"{best.total} ({best.interval}, 95 % over videos), calibrated, out of sample",
        markup=False,
        soft_wrap=True,
    )


def _print_export(result: ExportResult) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for note in result.notes:
        print_note(f"note: {note}")
    for backbone in result.backbones:
        doubt = "" if backbone.is_recorded else "; the run does not record that it used it"
        console.print(
            f"backbone {backbone.name}: {backbone.manifest.name}, features at most "
            f"{backbone.error:.1e} of their length from the trained model's{doubt}",
            markup=False,
        )
    pixels = result.pixels
    console.print(
        f"networks: {len(result.artifact.networks)}, {result.num_bytes / 1e6:.1f} MB; raw "
        f"outputs at most {max(result.networks.values()):.1e} from the trained model's\n"
        f"from pixels: {pixels.num_rows} rows at most {max(pixels.largest.values()):.1e} "
        "from the trained model's\n"
        f"{result.path}: exported; use it: wildaffect analyze VIDEO --model {result.path}",
        markup=False,
    )
