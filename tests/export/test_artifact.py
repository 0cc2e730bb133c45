from dataclasses import replace

import pytest

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_TASKS, Task
from wildaffect.core.windows import FRAME_WISE, WindowSpec
from wildaffect.export.artifact import Title, build_artifact, check_exportable
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import Affine, Manifest
from wildaffect.inference.neutral import DEFAULT_POLICY
from wildaffect.training.temporal.calibrate_and_score import (
    calibration_path,
    save_calibration,
)
from wildaffect.training.temporal.ensembles import Ensemble, EnsembleMember, load_ensemble
from wildaffect.training.temporal.runs import load_run

TITLE = Title(name="toy", version="3", license="CC0-1.0")


def ensemble_of(*folders, **fields) -> Ensemble:
    members = tuple(EnsembleMember(trained=load_run(folder)) for folder in folders)
    return Ensemble(folder=folders[0], members=members, calibration=Calibration(), **fields)


def manifest_of(*folders) -> Manifest:
    return build_artifact(ensemble_of(*folders), [b"net"] * len(folders), TITLE).manifest


def test_the_manifest_says_what_the_run_was(make_run):
    folder = make_run(rate_hz=10.000000000000002)
    fitted = Calibration(expression_bias=(0.5,) * 8)
    save_calibration(fitted, calibration_path(folder))
    manifest = build_artifact(load_ensemble(folder), [b"net"], TITLE).manifest
    assert (manifest.name, manifest.version, manifest.license) == ("toy", "3", "CC0-1.0")
    assert [model_input.kind for model_input in manifest.inputs] == [
        "pose",
        "geometry_change",
    ]
    assert manifest.inputs[0].columns == COLUMNS["pose"]
    assert manifest.neutral is not None
    assert manifest.rate_hz == 10.0
    assert manifest.window == WindowSpec(length_s=1.0, stride_s=0.5, max_gap_s=0.5)
    assert manifest.calibration == fitted
    assert manifest.action_units.predicted == ABAW_ACTION_UNITS.labels
    assert [source.license for source in manifest.sources] == ["CC0-1.0"]
    assert "small" in manifest.summary


def test_tasks_that_the_run_does_not_predict_stay_absent(make_run):
    every = load_run(make_run("all")).recipe.model
    few = replace(every, tasks=(Task.VALENCE, Task.ACTION_UNITS))
    manifest = manifest_of(make_run("few", model=few))
    assert manifest.predicts_valence
    assert not manifest.predicts_arousal
    assert manifest.expression is None
    assert manifest.action_units is not None


def test_a_run_without_change_inputs_needs_no_neutral(make_run):
    manifest = build_artifact(
        ensemble_of(make_run(inputs=("pose",))), [b"net"], TITLE
    ).manifest
    assert manifest.neutral is None


def test_a_run_that_sees_frames_alone_runs_on_every_row(make_run):
    manifest = build_artifact(
        ensemble_of(make_run(window=FRAME_WISE)), [b"net"], TITLE
    ).manifest
    assert manifest.rate_hz is None


def test_weights_and_rescaling_of_members_are_kept(make_run):
    moved = {Task.VALENCE: Affine(scale=0.5, offset=0.1)}
    first, second = load_run(make_run("a")), load_run(make_run("b", seed=1))
    ensemble = Ensemble(
        folder=first.run.folder,
        members=(
            EnsembleMember(trained=first, weight=2.0, rescaled=moved),
            EnsembleMember(trained=second),
        ),
        calibration=Calibration(),
    )
    manifest = build_artifact(ensemble, [b"one", b"two"], TITLE).manifest
    assert [member.weight for member in manifest.members] == [2.0, 1.0]
    assert manifest.members[0].rescaled == moved
    assert len({member.network.file for member in manifest.members}) == 2
    assert len(manifest.sources) == 1  # the same data twice is one source


def specialist(make_run, name, *tasks, **fields):
    every = load_run(make_run(f"{name}-all")).recipe.model
    return make_run(name, model=replace(every, tasks=tasks), **fields)


def test_specialists_keep_their_tasks_and_windows(make_run):
    long = WindowSpec(length_s=2.0, stride_s=1.0, max_gap_s=1.0)
    folders = (
        specialist(make_run, "au", Task.ACTION_UNITS, window=FRAME_WISE, rate_hz=90.0),
        specialist(make_run, "va", Task.AROUSAL, Task.VALENCE, window=long),
        make_run("every", window=FRAME_WISE),
    )
    manifest = manifest_of(*folders)
    assert manifest.tasks == ABAW_TASKS
    assert [member.tasks for member in manifest.members] == [
        (Task.ACTION_UNITS,),
        (Task.VALENCE, Task.AROUSAL),
        None,
    ]
    assert [manifest.window_of(member) for member in manifest.members] == [
        FRAME_WISE,
        long,
        FRAME_WISE,
    ]
    assert manifest.rate_hz == 10.0  # frames seen alone have none
    assert manifest.num_predicting(Task.VALENCE) == 2


def test_a_measurement_that_analysis_does_not_give_to_networks_is_named(make_run):
    folder = make_run(inputs=("pose", "mesh"))
    with pytest.raises(
        UsageError, match=r"input 'mesh' is neither measured .* train without"
    ):
        check_exportable(ensemble_of(folder))


def test_members_may_read_different_inputs(make_run):
    first = make_run("a", inputs=("pose", "geometry_change"))
    second = make_run("b", inputs=("blendshapes", "pose"))
    third = make_run("c", inputs=("pose", "geometry_change", "blendshapes"))
    manifest = build_artifact(
        ensemble_of(first, second, third), [b"1", b"2", b"3"], TITLE
    ).manifest
    assert [model_input.key for model_input in manifest.inputs] == [
        "pose",
        "geometry_change",
        "blendshapes",
    ]
    assert [member.inputs for member in manifest.members] == [
        ("pose", "geometry_change"),
        ("blendshapes", "pose"),
        None,
    ]


def test_a_neutral_counts_where_changes_are_read_and_nowhere_else(make_run):
    other = replace(DEFAULT_POLICY, warm_up_s=9.0)
    reader = make_run("a", inputs=("pose", "geometry_change"))
    silent = make_run("b", inputs=("pose",), neutral=other)
    manifest = manifest_of(silent, reader)
    assert manifest.neutral == DEFAULT_POLICY
    third = make_run("c", inputs=("blendshapes_change",), neutral=other)
    with pytest.raises(
        UsageError, match=r"c: neutral policy .* differs from .*a; members of an artifact"
    ):
        check_exportable(ensemble_of(silent, reader, third))


def test_measurements_of_another_version_are_refused(make_run):
    folder = make_run(digest="0" * 64)
    with pytest.raises(UsageError, match=r"measured by another version \(000000000000"):
        check_exportable(ensemble_of(folder))


def test_gaps_shorter_than_two_steps_of_the_rate_are_refused(make_run):
    folder = make_run(rate_hz=1.0)
    with pytest.raises(UsageError, match="max_gap_s must be at least 2 s"):
        check_exportable(ensemble_of(folder))


def test_members_that_one_analysis_cannot_run_together_are_refused(make_run):
    folders = make_run("a"), make_run("b", rate_hz=20.0)
    message = "20 rows per second differ from 10 of"
    with pytest.raises(UsageError, match=message):
        check_exportable(ensemble_of(*folders))
