"""Classes, attributes, intensities and ratings of one's own, from a manifest to a table."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv
from tests.support.waves import write_features

import wildaffect
from wildaffect.core.errors import BadAnnotation, FeatureError, UsageError
from wildaffect.core.tasks import Task
from wildaffect.features.importing import import_features
from wildaffect.features.store import FeatureStore
from wildaffect.inference.artifact import load_artifact
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.core.sampling import BalancedClasses
from wildaffect.training.temporal.unlabeled import PseudoLabels

NUM_VIDEOS = {"train": 6, "val": 4}
COLUMNS = {
    "valence": lambda wave: f"{wave:.3f}",
    "pain[0..10]": lambda wave: f"{5 + 5 * wave:.3f}",
    "dominance[-1..1]": lambda wave: f"{-wave:.3f}",
    "expression[calm|angry|very happy]": lambda wave: (
        "calm" if wave < 0 else "angry" if wave < 0.7 else "very happy"
    ),
    "AU06": lambda wave: int(wave > 0),
    "smile[0|1]": lambda wave: int(wave > 0.5),
    "AU06_intensity": lambda wave: int(2.5 + 2.5 * wave),
}
RECIPE = replace(
    wildaffect.find_recipe("modern-frame"),
    num_epochs=15,
    batch_size=2,
    selection=BestOnDevSplit(share=0.4),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("own")
    lines = [",".join(["image,video,frame,split", *COLUMNS])]
    for place, (split, num_videos) in enumerate(NUM_VIDEOS.items()):
        for index in range(num_videos):
            video = f"{split}{index}"
            wave = write_features(root, video, 10 * place + index)
            for number, level in enumerate(wave.tolist()):
                cells = [str(label(level)) for label in COLUMNS.values()]
                place_of = [f"{video}/{number}.jpg", video, str(number), split]
                lines.append(",".join([*place_of, *cells]))
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return wildaffect.train(RECIPE, data, output=tmp_path_factory.mktemp("run") / "own")


def test_the_model_predicts_what_the_manifest_defines_and_nothing_else(run):
    tasks = set(run.recipe.model.tasks)
    assert tasks == set(Task) - {Task.AROUSAL}
    assert any("no labels of arousal" in note for note in run.notes)
    scores = run.scores[-1].scores
    assert scores["dimensions"] > 0.5
    assert scores["intensities"] > 0.5
    parts = [scores[name] for name in ("valence", "expression", "action_units")]
    assert scores["score"] == pytest.approx(
        sum(parts) + scores["dimensions"] + scores["intensities"]
    )


def test_predicted_tables_score_as_training_printed(run, data, tmp_path):
    wildaffect.predict(run.folder, tmp_path / "tables", data=data, split="val")
    table = csv.read_csv(tmp_path / "tables" / "val0.csv")
    pain = np.array(table["pain"])
    assert pain.min() >= 0
    assert 5 < pain.max() <= 10
    assert {"dominance", "AU06_intensity", "smile", "smile_present"} <= set(
        table.column_names
    )
    assert set(table["expression"].to_pylist()) <= {"calm", "angry", "very happy"}
    report = wildaffect.evaluate(data, tmp_path / "tables", split="val", num_resamples=10)
    printed = run.scores[-1].scores
    assert report.values["dimensions.mean_ccc"] == pytest.approx(
        printed["dimensions"], abs=1e-5
    )
    assert report.values["intensities.mean_icc"] == pytest.approx(
        printed["intensities"], abs=1e-5
    )
    assert report.values["action_units.mean_f1"] == pytest.approx(printed["action_units"])
    assert 0 < report.values["dimensions.pain.mae"] < 5
    assert report.values["intensities.AU06_intensity.kappa"] is not None


def test_numbers_of_a_manifest_stand_as_they_are_when_its_tables_are_scored(
    run, data, tmp_path
):
    """Without a frame 0 the manifest does not tell whether it counts from 0 or from 1."""
    lines = (data / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if "/0.jpg" not in line]
    (tmp_path / "manifest.csv").write_text("\n".join(kept) + "\n")
    tables = tmp_path / "tables"
    wildaffect.predict(
        run.folder, tables, data=tmp_path, features=data / "features", split="val"
    )
    numbers = csv.read_csv(tables / "val0.csv")["frame"].to_pylist()
    assert numbers[0] == 1
    for first_frame in (None, 1):
        report = wildaffect.evaluate(
            tmp_path, tables, split="val", num_resamples=10, first_frame=first_frame
        )
        assert all(each.num_scored == each.num_annotated for each in report.coverage)


@pytest.mark.slow
def test_an_artifact_gives_the_columns_in_their_ranges(run, tmp_path):
    wildaffect.export_model(run.folder, tmp_path / "mine", name="mine", license="CC0-1.0")
    manifest = load_artifact(tmp_path / "mine").manifest
    assert [scale.label for scale in manifest.dimensions.scales] == ["pain", "dominance"]
    card = (tmp_path / "mine" / "CARD.md").read_text()
    assert (
        "; ratings pain [0, 10], dominance [-1, 1]; intensities AU06_intensity [0, 5]"
        in card
    )
    photo = Path(wildaffect.__path__[0]) / "demo" / "astronaut.jpg"
    result = wildaffect.analyze(photo, model=tmp_path / "mine")
    table = result.to_arrow()
    columns = {column.name: column for column in result.schema.columns}
    assert columns["pain"].unit == "[0, 10]"
    assert "Perceived pain" in columns["pain"].meaning
    assert columns["AU06_intensity"].unit == "[0, 5]"
    for name, low, high in (
        ("pain", 0, 10),
        ("dominance", -1, 1),
        ("AU06_intensity", 0, 5),
    ):
        values = np.array(table[name].drop_null())
        assert len(values) > 0
        assert (values >= low).all()
        assert (values <= high).all()
    assert table["arousal"].null_count == len(table)
    assert {"p_calm", "p_very_happy", "smile", "smile_present"} <= set(table.column_names)


def test_intensities_in_a_column_of_occurrence_are_refused_with_their_line(data, tmp_path):
    lines = (data / "manifest.csv").read_text().splitlines()
    header = lines[0].replace("AU06,", "AU12,").replace("smile[0|1]", "AU25")
    head, *rest = [header, *lines[1:]]
    broken = [head, *(",".join([*line.split(",")[:-3], "3,0,1"]) for line in rest)]
    (tmp_path / "manifest.csv").write_text("\n".join(broken) + "\n")
    with pytest.raises(BadAnnotation, match=r"belong in a column AU12_intensity"):
        wildaffect.train(
            RECIPE, tmp_path, features=data / "features", output=tmp_path / "run"
        )


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Videos with one label each, of the level of their measurements."""
    root = tmp_path_factory.mktemp("clips")
    lines = ["video,split,engagement[0..3],ah[0|1]"]
    for place, (split, num_videos) in enumerate({"train": 10, "val": 6}.items()):
        for index in range(num_videos):
            level = index % 4
            write_features(root, f"{split}{index}", 90 + 20 * place + index, level / 3)
            lines.append(f"{split}{index},{split},{level},{int(level > 1)}")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


def test_labels_of_whole_videos_train_and_score_once_per_video(clips, tmp_path):
    recipe = replace(RECIPE, num_epochs=12)
    result = wildaffect.train(recipe, clips, output=tmp_path / "run")
    assert set(result.recipe.model.tasks) == {Task.DIMENSIONS, Task.ACTION_UNITS}
    raw = next(line for line in result.scores if line.name == "raw").scores
    assert raw["dimensions"] > 0.1
    made = wildaffect.predict(result.folder, tmp_path / "tables", data=clips, split="val")
    assert made.num_trained == 0
    own = wildaffect.predict(result.folder, tmp_path / "own", data=clips, split="train")
    assert own.num_trained == own.num_written == 10
    report = wildaffect.evaluate(clips, tmp_path / "tables", split="val", num_resamples=10)
    assert report.num_rows == 6
    printed = result.scores[-1].scores["dimensions"]
    assert report.values["dimensions.mean_ccc"] == pytest.approx(printed, abs=1e-4)
    assert any("labels are of whole videos" in note for note in report.notes)


def test_a_table_with_one_row_for_each_video_can_be_evaluated(clips, tmp_path):
    rows = [f"val{index},{index % 4},{int(index % 4 > 1)}" for index in range(6)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["video,engagement,ah", *rows]) + "\n")
    report = wildaffect.evaluate(clips, path, split="val", num_resamples=10)
    assert report.values["dimensions.mean_ccc"] == 1
    assert report.values["action_units.mean_f1"] == 1


@pytest.fixture(scope="module")
def moods(tmp_path_factory):
    """Videos with a class and an attribute each, whose frames differ."""
    root = tmp_path_factory.mktemp("moods")
    lines = ["video,split,expression[calm|angry|sad],smile[0|1]"]
    for place, (split, num_videos) in enumerate({"train": 12, "val": 12}.items()):
        for index in range(num_videos):
            level = index % 3
            bias = None if index % 2 else level / 2
            write_features(root, f"{split}{index}", 400 + 20 * place + index, bias)
            mood = ("calm", "angry", "sad")[level]
            lines.append(f"{split}{index},{split},{mood},{int(level > 1)}")
    for index in range(2):
        write_features(root, f"more{index}", 500 + index)
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


def test_classes_of_whole_videos_score_as_their_tables_do(moods, tmp_path):
    result = wildaffect.train(replace(RECIPE, num_epochs=4), moods, output=tmp_path / "run")
    printed = {line.name: line.scores for line in result.scores}
    assert set(printed) == {"raw", "calibrated"}
    for name, scores in printed.items():
        tables = tmp_path / name
        wildaffect.predict(
            result.folder, tables, data=moods, split="val", raw=name == "raw"
        )
        report = wildaffect.evaluate(moods, tables, split="val", num_resamples=10)
        found = report.values
        assert found["expression.macro_f1"] == pytest.approx(scores["expression"])
        assert found["action_units.mean_f1"] == pytest.approx(scores["action_units"])


def test_all_commands_score_labels_of_whole_videos_alike(moods, tmp_path):
    run, combined = tmp_path / "run", tmp_path / "ensemble"
    wildaffect.train(replace(RECIPE, num_epochs=4), moods, output=run, score_split=None)
    fitted = wildaffect.calibrate(run, moods, split="val")
    printed = {line.name: line.scores for line in fitted.scores}
    ensemble = wildaffect.ensemble([run], moods, combined, split="val").evaluated[-1]
    joint = {line.name: line.in_sample.scores for line in ensemble.lines}
    of_tables = {}
    for name, folder, raw in (
        ("raw", run, True),
        ("calibrated", run, False),
        ("ensemble, raw", combined, True),
        ("ensemble, calibrated", combined, False),
    ):
        tables = tmp_path / name
        wildaffect.predict(folder, tables, data=moods, split="val", raw=raw)
        found = wildaffect.evaluate(moods, tables, split="val", num_resamples=10).values
        of_tables[name] = [found["expression.macro_f1"], found["action_units.mean_f1"]]

    def both(scores):
        return pytest.approx([scores["expression"], scores["action_units"]])

    assert of_tables["raw"] == both(printed["raw, in sample"])
    assert of_tables["calibrated"] == both(printed["bias and thresholds, in sample"])
    assert of_tables["ensemble, raw"] == both(joint["raw"])
    assert of_tables["ensemble, calibrated"] == both(joint["calibrated"])


def test_votes_of_whole_videos_train_and_ties_are_noted(moods, tmp_path):
    lines = ["video,split,expression[calm|angry|sad],votes:calm,votes:angry,votes:sad"]
    for line in (moods / "manifest.csv").read_text().splitlines()[1:]:
        video, split, mood, _ = line.split(",")
        votes = ["5" if mood == label else "1" for label in ("calm", "angry", "sad")]
        if video in {"train0", "val1"}:
            votes = ["2", "2", "2"]
        lines.append(",".join([video, split, "", *votes]))
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    balanced = replace(RECIPE, num_epochs=1, sampling=BalancedClasses())
    result = wildaffect.train(
        balanced, tmp_path, features=moods / "features", output=tmp_path / "run"
    )
    assert "expression" in result.scores[0].scores
    ties = [note for note in result.notes if "1 row with a tie of votes" in note]
    assert [note.split(":")[0] for note in ties] == [
        "manifest.csv train",
        "manifest.csv val",
    ]


def test_own_labels_train_beside_videos_without_labels(moods, tmp_path):
    recipe = replace(RECIPE, num_epochs=1, unlabeled=PseudoLabels())
    result = wildaffect.train(
        recipe,
        moods,
        output=tmp_path / "run",
        score_split=None,
        unlabeled_features=moods / "features",
    )
    assert result.trained.data.unlabeled_videos == ("more0", "more1")


def test_a_task_of_ratings_needs_ratings(moods, tmp_path):
    recipe = replace(RECIPE, model=replace(RECIPE.model, tasks=(Task.DIMENSIONS,)))
    with pytest.raises(UsageError, match=r"model\.tasks must have labels, got none of dim"):
        wildaffect.train(recipe, moods, output=tmp_path / "run")


def test_features_of_whole_videos_suffice_for_their_labels(moods, tmp_path):
    rng = np.random.default_rng(0)
    names = [
        line.split(",")[0] for line in (moods / "manifest.csv").read_text().splitlines()
    ][1:]
    arrays = {f"{name}/feature": rng.normal(size=(1, 4)) for name in names}
    np.savez(tmp_path / "embedding.npz", **arrays)
    store = FeatureStore(tmp_path / "features")
    import_features(tmp_path / "embedding.npz", store, feature_set="embedding", rows="clip")
    recipe = replace(RECIPE, num_epochs=1, inputs=("embedding",))
    run = tmp_path / "run"
    wildaffect.train(recipe, moods, features=store.root, output=run)
    written = wildaffect.predict(
        run, tmp_path / "tables", data=moods, split="val", features=store.root
    )
    assert (written.num_written, written.num_missing) == (12, 0)


def test_columns_in_another_order_than_those_of_training_are_refused(moods, tmp_path):
    names = [
        line.split(",")[0] for line in (moods / "manifest.csv").read_text().splitlines()
    ][1:]
    for place, header in enumerate(("video,loud,pitch", "video,pitch,loud")):
        lines = [header, *(f"{name},{index},{-index}" for index, name in enumerate(names))]
        (tmp_path / "voice.csv").write_text("\n".join(lines) + "\n")
        store = FeatureStore(tmp_path / str(place))
        import_features(tmp_path / "voice.csv", store, feature_set="voice", rows="clip")
    recipe, run = replace(RECIPE, num_epochs=1, inputs=("voice",)), tmp_path / "run"
    wildaffect.train(recipe, moods, features=tmp_path / "0", output=run, score_split=None)
    with pytest.raises(FeatureError, match=r"voice must be computed as .* other columns"):
        wildaffect.predict(
            run, tmp_path / "t", data=moods, split="val", features=tmp_path / "1"
        )


@pytest.fixture(scope="module")
def compared(moods, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    recipe = replace(RECIPE, num_epochs=1)
    lines = (moods / "manifest.csv").read_text().splitlines()
    rated = [f"{line},{place % 4}" for place, line in enumerate(lines[1:])]
    text = "\n".join([f"{lines[0]},focus[0..3]", *rated])
    (folder / "manifest.csv").write_text(f"{text}\n")
    result = wildaffect.compare(
        [recipe],
        folder,
        output=folder / "runs",
        features=moods / "features",
        num_seeds=1,
    )
    return folder, result


def test_recipes_are_compared_by_the_labels_of_the_data(compared):
    _, result = compared
    assert set(result.lines[0].scores) == {
        "expression",
        "action_units",
        "dimensions",
        "score",
    }


def test_a_calibration_on_other_labels_than_those_of_the_run_is_refused(
    compared, moods, tmp_path
):
    folder, _ = compared
    (run,) = [path.parent for path in (folder / "runs").rglob("weights.safetensors")]
    text = (folder / "manifest.csv").read_text().replace("[0..3]", "[0..9]")
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(UsageError, match=r"focus must have the range \[0, 3\]"):
        wildaffect.calibrate(run, tmp_path, split="val", features=moods / "features")


def test_data_without_any_label_train_nothing(tmp_path):
    lines = ["image,video,frame,split,expression"]
    for index in range(3):
        write_features(tmp_path, f"v{index}", index)
        lines.append(f"v{index}/0.jpg,v{index},0,train,")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    words = "must have labels of valence, arousal, expression, action units, got none"
    with pytest.raises(UsageError, match=words):
        wildaffect.train(RECIPE, tmp_path, output=tmp_path / "run", score_split="none")
    assert not (tmp_path / "run").exists()
