"""Model card of an exported artifact."""

from collections.abc import Mapping, Sequence

from wildaffect.core.tasks import Task
from wildaffect.core.windows import AnyWindow, CausalWindow
from wildaffect.export.backbone import LARGEST_ERROR
from wildaffect.export.bundled_backbones import BundledBackbone
from wildaffect.export.onnx import LARGEST_DIFFERENCE
from wildaffect.export.pixels import LARGEST_CHANGE, PixelParity
from wildaffect.inference.manifest import Manifest, MeasuredInput
from wildaffect.reporting.tables import markdown_rows
from wildaffect.training.core.scores import ScoreLine, read_scores
from wildaffect.training.temporal.calibrate_and_score import fit_path
from wildaffect.training.temporal.ensembles import Ensemble, EnsembleMember
from wildaffect.training.temporal.pages import TITLES, score_cell

_MEMBER_COLUMNS = (
    *("member", "recipe", "seed", "tasks", "annotations", "videos", "set aside", "weight"),
)
_BACKBONE_COLUMNS = (
    *("input", "weights", "network", "features", "crop", "sha256", "license", "from"),
)
LIMITS = """\
- It describes what an observer might perceive in a face, never what a person feels, thinks
  or intends.
- Numbers hold for people and recordings like those they were measured on, for no others.
- If the data named above are generated faces, no number here says anything about real
  people: generated faces are no evidence on them.
- In-sample figures are of people that chose the settings and are too high; read those out
  of sample."""


def write_card(
    ensemble: Ensemble,
    manifest: Manifest,
    networks: Mapping[Task, float],
    pixels: PixelParity,
    backbones: Sequence[BundledBackbone] = (),
) -> str:
    """Return the card as Markdown.

    Args:
        ensemble: Exported ensemble.
        manifest: Manifest of the artifact.
        networks: Largest difference between ONNX and torch per task.
        pixels: Parity of a complete analysis.
        backbones: Bundled backbones.
    """
    parts = [
        _opening(manifest),
        _training(ensemble),
        *([_bundled(backbones)] if backbones else []),
        _numbers(ensemble),
        _running(manifest),
        _parity(networks, pixels, backbones),
        ["## Limits", "", LIMITS],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _opening(manifest: Manifest) -> list[str]:
    return [
        f"# {manifest.name}",
        "",
        manifest.summary,
        "",
        f"Version {manifest.version}. License of this artifact: {manifest.license}.",
        "",
        markdown_rows(
            ("made from", "license", "note"),
            [(s.name, s.license, s.note) for s in manifest.sources],
        ),
        "",
        f"It predicts {'; '.join(_predicted(manifest))}.",
    ]


def _predicted(manifest: Manifest) -> list[str]:
    """Return each kind of output with its labels and ranges."""
    traces = ["valence"] * manifest.predicts_valence
    traces += ["arousal"] * manifest.predicts_arousal
    named = {
        "expressions": manifest.expression.predicted if manifest.expression else (),
        "action units": manifest.action_units.predicted if manifest.action_units else (),
        "ratings": [f"{scale.label} {scale.ends}" for scale in manifest.dimensions.scales],
        "intensities": [
            f"{scale.label} {scale.ends}" for scale in manifest.intensities.scales
        ],
    }
    return traces + [
        f"{words} {', '.join(which)}" for words, which in named.items() if which
    ]


def _training(ensemble: Ensemble) -> list[str]:
    lines = [
        "## What it was trained on",
        "",
        markdown_rows(
            _MEMBER_COLUMNS,
            [_member_row(index, member) for index, member in enumerate(ensemble.members)],
        ),
    ]
    absent = dict.fromkeys(
        name for each in ensemble.members for name in each.trained.without
    )
    if absent:
        lines += [
            "",
            (
                f"Members were also trained with {', '.join(absent)}, which this artifact "
                "does without; figures below were measured with it."
            ),
        ]
    if any(member.trained.data.times_are_guessed for member in ensemble.members):
        lines += ["", "Times of the training rows were guessed from frame numbers."]
    if ensemble.chosen_on:
        made = ensemble.chosen_on
        lines += [
            "",
            (
                f"Members were combined ({made.combine}, {made.select}) and calibrated on "
                f"{len(made.videos)} videos of {made.annotations}: figures on those are in "
                "sample unless the table says otherwise."
            ),
        ]
    return lines


def _bundled(backbones: Sequence[BundledBackbone]) -> list[str]:
    rows = []
    for backbone in backbones:
        weights, crop = backbone.manifest, backbone.manifest.preprocess
        cells = (
            backbone.name,
            weights.name,
            weights.network,
            weights.feature_dim,
            f"{crop.size_px} px {crop.channels}",
            weights.sha256[:12],
            weights.license or "not stated",
            weights.source or "not stated",
        )
        rows.append([str(cell) for cell in cells])
    lines = ["## Backbones", "", markdown_rows(_BACKBONE_COLUMNS, rows)]
    for backbone in backbones:
        if not backbone.is_recorded:
            lines += [
                "",
                (
                    f"The training features of {backbone.name} do not record their "
                    "weights; that these weights computed them was stated, not checked."
                ),
            ]
    return lines


def _member_row(index: int, member: EnsembleMember) -> list[str]:
    recipe, data = member.trained.recipe, member.trained.data
    cells = (
        index,
        recipe.name,
        recipe.seed,
        ", ".join(TITLES[task] for task in Task if task in recipe.model.tasks),
        data.annotations,
        len(data.train_videos),
        len(data.dev_videos),
        f"{member.weight:g}",
    )
    return [str(cell) for cell in cells]


def _numbers(ensemble: Ensemble) -> list[str]:
    lines = ["## Numbers", ""]
    tables = [
        (f"split {path.stem.removeprefix('scores-')}, scored after training", path)
        for path in sorted(ensemble.folder.glob("scores-*.json"))
    ]
    fitted = fit_path(ensemble.folder)
    where = "dev split"
    if ensemble.chosen_on is None:
        where = ensemble.members[0].trained.data.calibrated_on
    tables.append((f"{where}, where the calibration was fitted", fitted))
    there = [(title, path) for title, path in tables if path.exists()]
    if not there:
        return [*lines, "None: no split was scored."]
    for title, path in there:
        lines += [*_score_table(title, read_scores(path), ensemble.tasks), ""]
    return [*lines, "Intervals: 95 %, from resamples of whole videos."]


def _score_table(
    title: str, lines: Sequence[ScoreLine], tasks: Sequence[Task]
) -> list[str]:
    names = [TITLES[task] for task in Task if task in tasks]
    rows = []
    for line in lines:
        keys = [*(str(task) for task in Task if task in tasks), "score"]
        cells = [line.name, *(score_cell(line, key) for key in keys)]
        rows.append([*cells, line.interval])
    return [markdown_rows((title, *names, "sum", "95 %"), rows, num_left=1)]


def _running(manifest: Manifest) -> list[str]:
    rate = "every frame" if manifest.rate_hz is None else f"{manifest.rate_hz:g} per second"
    inputs = [
        item.kind if isinstance(item, MeasuredInput) else f"{item.name} (a backbone)"
        for item in manifest.inputs
    ]
    windows = [_window(manifest.window_of(member)) for member in manifest.members]
    if len(set(windows)) > 1:
        windows = [f"member {index}, {each}" for index, each in enumerate(windows)]
    return [
        "## Inference",
        "",
        f"- Inputs: {', '.join(inputs)}.",
        f"- Rows: {rate}; other frames are interpolated.",
        f"- Window: {'; '.join(dict.fromkeys(windows))}.",
    ]


def _window(window: AnyWindow) -> str:
    if window.is_frame_wise:
        return "frame-wise"
    if isinstance(window, CausalWindow):
        filled = "" if window.lead_step_s is None else ", left-padded with its first row"
        return f"the last {window.length_s:g} s, {window.delay_s:g} s late{filled}"
    return f"{window.length_s:g} s, a new one every {window.stride_s:g} s"


def _parity(
    networks: Mapping[Task, float],
    pixels: PixelParity,
    backbones: Sequence[BundledBackbone],
) -> list[str]:
    return [
        "## Parity with the trained model",
        "",
        (
            f"- Networks alone, raw outputs: at most {max(networks.values()):.2g} apart "
            f"(allowed {LARGEST_DIFFERENCE:g})."
        ),
        *(
            f"- Features of {backbone.name}: at most {backbone.error:.2g} of their length "
            f"apart (allowed {LARGEST_ERROR['f32']:g})."
            for backbone in backbones
        ),
        (
            f"- From pixels, {pixels.num_rows} rows of a clip: at most "
            f"{max(pixels.largest.values()):.2g} apart (allowed {LARGEST_CHANGE:g})."
        ),
    ]
