"""Intensities of action units, pairs that exclude one another, and units of one's own."""

import dataclasses

import numpy as np
import pytest

from wildaffect.core.errors import BadArtifact
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import ABAW_ACTION_UNITS, LabelSpace, Task
from wildaffect.inference.analyzer import Analyzer
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.calibration import (
    Calibration,
    apply_calibration,
    units_present,
)
from wildaffect.inference.manifest import ActionUnitOutput
from wildaffect.inference.model import INTENSITIES, INTENSITY, SIDES, Model, layout_of
from wildaffect.inference.postprocess import smoothing_by_column, to_affect
from wildaffect.inference.smoothing import Box, CausalExponential, Smoothing, smooth
from wildaffect.inference.streaming_smoother import StreamingSmoother
from wildaffect.runtime.network import Device

TWO = ActionUnitOutput(space=ABAW_ACTION_UNITS, predicted=("AU04", "AU12"), intensity=True)
BY_SIDE = dataclasses.replace(TWO, sided=("AU12",))
MOUTH = ActionUnitOutput(
    space=LabelSpace(name="mouth", labels=("AU12", "AU24", "AU25", "AU26")),
    predicted=("AU24", "AU25", "AU26"),
    excluded=(("AU24", "AU25"), ("AU26", "AU24")),
)
ROWS, TIMES = np.zeros((4, 3), np.float32), np.arange(4) / 25


def test_intensities_are_clipped_and_averaged_with_the_weights_of_their_task(toy, constant):
    members = constant(3, intensity=(-1.0, 2.0)), constant(3, intensity=(7.0, 4.0))
    folder = toy(*members, weights=[3.0, 1.0], action_units=TWO)
    model = Model(load_artifact(folder), Device())
    (group,) = model.window_groups
    model_outputs = group(ROWS, TIMES)[:, model.layout.columns[INTENSITY]]
    np.testing.assert_allclose(model_outputs, [[5.0 / 4, (3 * 2 + 4) / 4]] * 4, rtol=1e-6)


def test_intensities_come_from_the_members_that_predict_action_units(toy, constant):
    folder = toy(constant(3, intensity=(1.0, 1.0)), constant(3), action_units=TWO)
    artifact = load_artifact(folder)
    first, second = artifact.manifest.members
    second = dataclasses.replace(second, tasks=(Task.VALENCE,))
    manifest = dataclasses.replace(artifact.manifest, members=(first, second))
    model = Model(dataclasses.replace(artifact, manifest=manifest), Device())
    (group,) = model.window_groups
    model_outputs = group(ROWS, TIMES)[:, model.layout.columns[INTENSITY]]
    np.testing.assert_array_equal(model_outputs, np.ones((4, 2)))


def test_a_member_without_promised_intensities_is_refused(toy, constant):
    with pytest.raises(BadArtifact, match=r"outputs must name .*action_unit_intensity"):
        Model(load_artifact(toy(constant(3), action_units=TWO)), Device())


def test_a_member_with_another_number_of_intensities_is_refused(toy, constant):
    folder = toy(constant(3, intensity=(1.0, 1.0, 1.0)), action_units=TWO)
    message = "action_unit_intensity must have 2 values for each of 1 rows"
    with pytest.raises(BadArtifact, match=message):
        Model(load_artifact(folder), Device())


def test_intensities_stand_in_the_order_of_the_space_and_the_rest_is_absent(toy):
    manifest = dataclasses.replace(load_artifact(toy()).manifest, action_units=TWO)
    layout = layout_of(manifest)
    row = np.zeros(layout.num_columns, np.float32)
    row[layout.columns[INTENSITY]] = [1.5, 3.0]
    model_outputs = to_affect(row, manifest, layout).action_unit_intensities
    by_label = dict(zip(ABAW_ACTION_UNITS.labels, model_outputs.tolist(), strict=True))
    assert (by_label["AU04"], by_label["AU12"]) == (1.5, 3.0)
    assert np.isnan([by_label[name] for name in by_label.keys() - {"AU04", "AU12"}]).all()


def test_sides_are_clipped_and_averaged_as_the_intensity_is(toy, constant):
    first = constant(3, intensity=(3.0, 3.0), sides=((-1.0, 2.0), (3.0, 3.0)))
    second = constant(3, intensity=(7.0, 4.0), sides=((7.0, 4.0), (1.0, 1.0)))
    model = Model(
        load_artifact(toy(first, second, weights=[3.0, 1.0], action_units=BY_SIDE)),
        Device(),
    )
    (group,) = model.window_groups
    model_outputs = group(ROWS, TIMES)
    left, right = (model_outputs[:, model.layout.columns[name]] for name in SIDES)
    np.testing.assert_allclose(left, [[5.0 / 4, (3 * 2 + 4) / 4]] * 4, rtol=1e-6)
    np.testing.assert_allclose(right, [[(3 * 3 + 1) / 4, (3 * 3 + 1) / 4]] * 4, rtol=1e-6)


@pytest.mark.parametrize("sides", [(), ((1.0, 1.0),)])
def test_a_member_without_promised_sides_is_refused(toy, constant, sides):
    network = constant(3, intensity=(1.0, 1.0), sides=sides)
    with pytest.raises(BadArtifact, match=r"outputs must name .*intensity_right"):
        Model(load_artifact(toy(network, action_units=BY_SIDE)), Device())


def test_a_member_with_another_number_of_sides_is_refused(toy, constant):
    network = constant(3, intensity=(1.0, 1.0), sides=((1.0, 1.0), (1.0,)))
    message = "action_unit_intensity_right must have 2 values for each of 1 rows"
    with pytest.raises(BadArtifact, match=message):
        Model(load_artifact(toy(network, action_units=BY_SIDE)), Device())


def test_sides_stand_in_the_order_of_the_space_for_the_units_that_have_them(toy):
    manifest = dataclasses.replace(load_artifact(toy()).manifest, action_units=BY_SIDE)
    layout = layout_of(manifest)
    row = np.zeros(layout.num_columns, np.float32)
    for name, levels in zip(SIDES, ([1.0, 2.0], [3.0, 4.0]), strict=True):
        row[layout.columns[name]] = levels
    model_outputs = to_affect(row, manifest, layout).action_unit_sides
    assert model_outputs.shape == (2, len(ABAW_ACTION_UNITS))
    place = ABAW_ACTION_UNITS.index("AU12")
    assert model_outputs[:, place].tolist() == [2.0, 4.0]
    assert np.isnan(np.delete(model_outputs, place, axis=1)).all()


@pytest.mark.parametrize("name", INTENSITIES)
def test_intensities_are_smoothed_as_action_units_are(toy, name):
    kind = Box(width_s=0.1)
    calibration = Calibration(smoothing=Smoothing(action_units=kind))
    manifest = dataclasses.replace(
        load_artifact(toy()).manifest, action_units=BY_SIDE, calibration=calibration
    )
    layout = layout_of(manifest)
    rows = np.random.default_rng(0).random((30, layout.num_columns)).astype(np.float32)
    times_s = np.arange(30) / 25
    smoother = StreamingSmoother(smoothing_by_column(manifest, layout))
    done = [
        row_out
        for time_s, row in zip(times_s, rows, strict=True)
        for row_out in smoother.push(float(time_s), row)
    ]
    columns = layout.columns[name]
    streamed = np.stack([*done, *smoother.finish()])[:, columns]
    np.testing.assert_allclose(streamed, smooth(rows[:, columns], times_s, kind), 1e-6)


def test_an_artifact_without_intensities_has_none(toy, constant, make_frames):
    (row, *_) = Analyzer(load_artifact(toy(constant(3)))).run(make_frames(2))
    assert row.affect.action_unit_intensities is None
    assert row.affect.action_unit_sides is None


def test_an_artifact_with_intensities_alone_has_no_sides(toy, constant, make_frames):
    network = constant(3, intensity=(1.0, 1.0))
    (row, *_) = Analyzer(load_artifact(toy(network, action_units=TWO))).run(make_frames(2))
    assert row.affect.action_unit_intensities is not None
    assert row.affect.action_unit_sides is None


@pytest.mark.parametrize(
    ("probs", "expected"),
    [
        ([0.8, 0.7, 0.1], [1, 0, 0]),
        ([0.7, 0.8, 0.1], [0, 1, 0]),
        ([0.4, 0.8, 0.9], [0, 1, 1]),
        ([0.8, 0.9, 0.6], [0, 1, 1]),  # AU25 leaves AU24 out, which so excludes nothing
        ([0.9, 0.8, 0.6], [1, 0, 0]),
        ([0.7, 0.7, 0.2], [1, 0, 0]),  # alike: the first one predicted
    ],
)
def test_of_excluded_units_the_one_further_above_its_threshold_stays(probs, expected):
    model_outputs = units_present(np.float32(probs), Calibration(), MOUTH.excluded_places)
    assert model_outputs.astype(int).tolist() == expected


def test_the_margin_counts_from_each_units_own_threshold():
    calibration = Calibration(action_unit_thresholds=(0.2, 0.7, 0.5))
    model_outputs = units_present(
        np.float32([0.6, 0.8, 0.1]), calibration, MOUTH.excluded_places
    )
    assert model_outputs.tolist() == [True, False, False]


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_a_table_are_decided_one_by_one(order):
    probs = np.random.default_rng(1).random((200, 3)).astype(np.float32)
    places = MOUTH.excluded_places
    whole = units_present(np.array(probs, order=order), Calibration(), places)
    alone = [units_present(row, Calibration(), places) for row in probs]
    np.testing.assert_array_equal(whole, alone)
    assert not (whole[:, 0] & (whole[:, 1] | whole[:, 2])).any()
    assert ((probs[:, 0] >= 0.5) & (probs[:, 1] >= 0.5)).any()


def test_a_stream_leaves_out_the_units_that_the_offline_path_does(toy):
    calibration = Calibration(
        smoothing=Smoothing(action_units=CausalExponential(time_constant_s=0.1)),
        action_units_temperature=0.7,
        action_unit_thresholds=(0.45, 0.55, 0.5),
    )
    manifest = dataclasses.replace(
        load_artifact(toy()).manifest, action_units=MOUTH, calibration=calibration
    )
    layout = layout_of(manifest)
    rng = np.random.default_rng(2)
    probs = rng.random((150, 3)).astype(np.float32)
    rows = np.zeros((150, layout.num_columns), np.float32)
    rows[:, layout.columns[Task.ACTION_UNITS]] = probs
    times_s = np.arange(150) / 25
    smoother = StreamingSmoother(smoothing_by_column(manifest, layout))
    done = [
        row_out
        for time_s, row in zip(times_s, rows, strict=True)
        for row_out in smoother.push(float(time_s), row)
    ]
    affects = [to_affect(row, manifest, layout) for row in [*done, *smoother.finish()]]
    outputs = SequenceOutputs(
        video="v",
        frame_number=np.arange(150),
        time_s=times_s,
        probs={Task.ACTION_UNITS: probs},
    )
    offline = apply_calibration(outputs, calibration, excluded=MOUTH.excluded_places)
    streamed = np.array([affect.action_units_present[1:] for affect in affects], np.int8)
    np.testing.assert_array_equal(streamed, offline.action_units)
    free = apply_calibration(outputs, calibration).action_units
    assert (free != offline.action_units).any()


def test_the_fields_survive_a_file_and_are_left_out_where_they_say_nothing(toy, constant):
    folder = toy(constant(3))
    written = (folder / "artefact.json").read_text()
    later = ("intensity", "sided", "excluded", "population_geometry", "expression_margin")
    for name in later:
        assert name not in written
    units = dataclasses.replace(
        BY_SIDE, intensity_note="Trained on generated faces.", excluded=(("AU04", "AU12"),)
    )
    folder = toy(constant(3, intensity=(1.0, 1.0)), action_units=units)
    assert load_artifact(folder).manifest.action_units == units
