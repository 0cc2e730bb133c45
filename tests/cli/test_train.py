"""`wildaffect train` on a made-up data set in the layout of s-Aff-Wild2."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from wildaffect.cli.main import main, read_command
from wildaffect.core.records import write_record
from wildaffect.core.tasks import Task
from wildaffect.core.windows import WindowSpec
from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import FeatureStore
from wildaffect.losses.config import FixedWeights, LossConfig
from wildaffect.models.frameworks import HeadConfig, ModelConfig
from wildaffect.models.temporal.config import GRUConfig
from wildaffect.training.core.recipe import BestOnDevSplit, OptimConfig
from wildaffect.training.temporal.recipe import TemporalRecipe

HEADER = "image,valence,arousal,expression,aus\n"
RECIPE = TemporalRecipe(
    name="small",
    inputs=("made_up",),
    model=ModelConfig(
        encoder=GRUConfig(hidden_dim=8, num_layers=1, dropout=0.0),
        head=HeadConfig(hidden_dims=()),
    ),
    loss=LossConfig(task_weighting=FixedWeights(weights=dict.fromkeys(Task, 1.0))),
    window=WindowSpec(length_s=2.0, stride_s=1.0, max_gap_s=1.0),
    batch_size=8,
    num_epochs=2,
    optim=OptimConfig(peak_lr=1e-2),
    selection=BestOnDevSplit(share=0.3),
)


@pytest.fixture(autouse=True)
def one_torch_thread():
    torch.set_num_threads(1)


def write_videos(data: Path, split_file: str, names: list[str], seed: int) -> None:
    rng, lines = np.random.default_rng(seed), []
    store = FeatureStore(data / "features")
    store.make_folder()
    for name in names:
        rows = 30
        hidden = np.sin(rng.uniform(0, 6, 3) + np.arange(rows)[:, None] / 4)
        values = hidden @ np.random.default_rng(0).normal(size=(3, 5))
        store.write(
            FeatureTable(
                feature_set="made_up",
                video=name,
                track="0",
                columns=tuple(f"c{i}" for i in range(5)),
                frame_number=np.arange(rows),
                time_s=np.arange(rows) / 10,
                values=values.astype(np.float32),
                provenance=Provenance(
                    content_sha256="c", preprocess_sha256="p", weights_sha256="w"
                ),
            )
        )
        for row, (valence, arousal, other) in enumerate(hidden, start=1):
            expression = -1 if row % 5 == 0 else int(4 * (valence > 0) + 2 * (other > 0))
            units = ",".join(str(int(item > 0)) for item in np.repeat(hidden[row - 1], 4))
            lines.append(
                f"{name}/{row:05d}.jpg,{valence:.4f},{arousal:.4f},{expression},{units}\n"
            )
    (data / split_file).write_text(HEADER + "".join(lines))


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    write_videos(folder, "training_set_annotations.txt", [f"v{i}" for i in range(6)], 1)
    write_videos(folder, "validation_set_annotations.txt", ["w0", "w1", "w2"], 2)
    write_record(TypeAdapter(TemporalRecipe), RECIPE, tmp_path / "small.json")
    return folder


def test_a_run_is_trained_calibrated_and_scored_and_everything_lies_in_its_folder(
    data, capsys
):
    assert main(["train", "small.json", "--data", str(data), "-o", "out"]) == 0
    printed = capsys.readouterr()
    assert "3 videos of" in printed.out
    assert "in sample / out of sample" in printed.out
    last = printed.out.splitlines()[-1]
    assert last.startswith("out: score ")
    assert "95 % over videos" in last
    assert {
        "recipe.json",
        "data.json",
        "environment.json",
        "metrics.jsonl",
        "weights.safetensors",
        "calibration.json",
        "scores-val.json",
        "tensorboard",
        "outputs",
    } <= {path.name for path in Path("out").iterdir()}
    assert not list(Path("out").glob(".*"))
    written = json.loads(Path("out/data.json").read_text())
    assert len(written["train_videos"]) + len(written["dev_videos"]) == 6
    assert written["input_dim"] == 5
    scores = json.loads(Path("out/scores-val.json").read_text())
    assert [row["name"] for row in scores] == ["raw", "calibrated"]


def test_a_repeated_run_is_scored_again_and_reported_as_trained(data, capsys):
    command = ["train", "small.json", "--data", str(data), "-o", "out"]
    assert main(command) == 0
    first = capsys.readouterr()
    weights = Path("out/weights.safetensors").read_bytes()
    assert main(command) == 0
    again = capsys.readouterr()
    assert again.out.splitlines()[-1] == first.out.splitlines()[-1]
    assert "out: already trained, training is skipped" in again.err
    assert Path("out/weights.safetensors").read_bytes() == weights


def test_an_interrupted_run_reports_where_it_resumes(data, capsys):
    command = ["train", "small.json", "--data", str(data), "-o", "out"]
    assert main(command) == 0
    weights = Path("out/weights.safetensors").read_bytes()
    Path("out/weights.safetensors").unlink()  # as if stopped before its end
    Path("out/best.safetensors").write_bytes(weights)
    capsys.readouterr()
    assert main(command) == 0
    assert "out: resuming after epoch 2" in capsys.readouterr().err
    assert Path("out/weights.safetensors").read_bytes() == weights


def test_flags_change_the_recipe_and_another_recipe_needs_another_folder(data, capsys):
    command = ["train", "small.json", "--data", str(data), "-o", "out", "--num-epochs", "1"]
    assert main([*command, "--score-split", "none"]) == 0
    assert "out: trained on" in capsys.readouterr().out
    assert len(Path("out/metrics.jsonl").read_text().splitlines()) == 1
    assert main(["train", "small.json", "--data", str(data), "-o", "out"]) == 2
    assert (
        "this folder holds a run with another recipe or other data"
        in capsys.readouterr().err
    )


def test_a_folder_of_a_run_in_place_of_its_recipe_names_the_recipe(data, capsys):
    Path("a").mkdir()
    Path("small.json").rename("a/recipe.json")
    assert main(["train", "a", "--data", "data"]) == 2
    assert "a: is a folder; its recipe is a/recipe.json" in capsys.readouterr().err


def test_folds_hold_every_video_out_once(data, capsys):
    command = ["train", "small.json", "--data", str(data), "-o", "cv", "--folds", "2"]
    assert main([*command, "--num-epochs", "1"]) == 0
    printed = capsys.readouterr().out
    assert "6 videos of" in printed
    assert printed.splitlines()[-1].startswith("cv: score ")
    rows = json.loads(Path("cv/scores-held-out.json").read_text())
    assert len(rows) == 3
    assert {"folds.json", "outputs"} <= {path.name for path in Path("cv").iterdir()}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["train"], "train: no recipe given; name one right after the command"),
        (["train", "--data", "data"], "train: no recipe given; name one right after"),
        (["train", "--data", "data", "modern"], "train: the recipe modern must come first"),
        (["train", "abaw4-grue", "--data", "data"], "did you mean abaw4-gru"),
        (["train", "abaw4-sistem"], "no recipe 'abaw4-sistem'; did you mean abaw4-system"),
        (["train", "xyz"], "no recipe 'xyz'; `wildaffect recipes list` shows all."),
        (["train", "none.json"], "train: no such file: none.json"),
        (["train", "finetune-vit-micro"], "is a recipe of `wildaffect finetune`"),
        (["finetune", "modern"], "modern: is a recipe of `wildaffect train`"),
        (["finetune", "xyz"], "no recipe 'xyz'; `wildaffect recipes list` shows all"),
        (
            [
                "train",
                "small.json",
                "--data",
                "data",
                "--folds",
                "2",
                "--score-split",
                "val",
            ],
            "--score-split: must not be given with --folds",
        ),
        (
            ["train", "small.json", "--data", "data", "--final"],
            "--final: must be given with --folds",
        ),
        (
            ["train", "small.json", "--data", "data", "--train-split", "train", "val"],
            "val is trained on and cannot be scored",
        ),
        (["train", "small.json", "--model.encoder.kind", "tnc"], "did you mean tcn?"),
        (["train", "small.json", "--data", "data", "--epochs", "3"], "--epochs"),
        (["train", "small.json", "--data", "data", "--batch-size", "0"], "at least 1"),
        (["train", "small.json", "--data", "data", "--score-split", "tset"], "tset"),
        (["train", "small.json", "--data", "data", "--train-split", "trian"], "trian"),
        (["train", "small.json", "--data", "data", "--trackers", "comet"], "comet"),
    ],
)
def test_a_wrong_word_gives_one_line_before_anything_is_written(data, capsys, args, words):
    assert main(args) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("wildaffect: ")
    assert words in line
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--inputs", "made_upp"], "input 'made_upp' needs the feature set"),
        (
            ["--features", "nowhere"],
            "the store has no feature sets; run `wildaffect extract` first",
        ),
        (["--folds", "7"], "folds must be 2 to 6"),
    ],
)
def test_data_that_do_not_fit_are_named(data, capsys, args, words):
    assert main(["train", "small.json", "--data", "data", *args]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not Path("runs/small-0/recipe.json").exists()


def test_without_the_packages_of_training_the_extra_is_named(data, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    assert main(["train", "small.json", "--data", "data"]) == 1
    assert "pip install 'wildaffect[train]'" in capsys.readouterr().err


def test_the_help_of_a_whole_system_is_about_that_system(capsys):
    assert main(["train", "abaw4-system-small", "--help"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "from pixels to an artifact" in printed
    assert "abaw4-system-small: Same system with networks for crops of 64 px" in printed
    assert "on stored features" not in printed


@pytest.mark.parametrize("name", ["action-units", "action_units"])
def test_a_part_is_selected_by_its_name_with_dashes_or_underscores(name):
    words = ["train", "modern-frame", "--data", "x", f"--loss.{name}.kind", "focal"]
    _, command = read_command(words)
    assert command.recipe.loss.action_units.kind == "focal"


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("--threads", "0", "threads"),
        ("--seed", "-1", "seed must be at least 0, got -1"),
    ],
)
def test_numbers_out_of_range_are_one_line(data, capsys, flag, value, message):
    assert main(["train", "small.json", "--data", "data", flag, value]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
