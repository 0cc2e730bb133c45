import math
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from wildaffect.core.events import EventKind
from wildaffect.events.finder import EventFinder, find_events
from wildaffect.events.settings import EventSettings

FPS = 25.0


def table(columns, track_id=0, fps=FPS, start=0):
    """Return rows of one track at a constant rate; `columns` are lists of one length."""
    length = len(next(iter(columns.values())))
    frames = np.arange(start, start + length)
    arrays = {"frame": frames, "time_s": frames / fps}
    arrays |= {"track_id": pa.array([track_id] * length, pa.int64())}
    for name, values in columns.items():
        is_flag = name.endswith("_present") or name in {"eyes_closed", "looking_at_camera"}
        kind = pa.bool_() if is_flag else pa.float32()
        arrays[name] = pa.array(
            values, pa.string() if name in {"expression", "image"} else kind
        )
    return pa.table(arrays)


def unit(probs, threshold=0.5, **others):
    """Return rows with the probabilities and decisions of AU12."""
    present = [None if p is None else p >= threshold for p in probs]
    return table({"AU12": probs, "AU12_present": present, **others})


def both(*tables):
    """Return the rows of several tracks in the order of their frames."""
    return pa.concat_tables(tables, promote_options="default").sort_by("frame")


def labels(events):
    return [event.label for event in events]


def test_action_unit_lasts_from_its_first_frame_to_the_one_after_its_last():
    rows = unit([0.1] * 5 + [0.6, 0.9, 0.7, 0.7, 0.8, 0.6] + [0.1] * 5)
    (event,) = find_events(rows, {"AU12": 0.5})
    assert (event.label, event.kind, event.track_id) == ("AU12", EventKind.ACTION_UNIT, 0)
    assert (event.onset_s, event.apex_s, event.offset_s) == (5 / FPS, 6 / FPS, 11 / FPS)
    assert event.peak == pytest.approx(0.9)
    assert event.mean == pytest.approx((0.6 + 0.9 + 0.7 + 0.7 + 0.8 + 0.6) / 6, abs=1e-6)
    assert event.duration_s == pytest.approx(6 / FPS)


def test_action_unit_ends_below_the_release_and_begins_at_the_threshold():
    held = unit([0.1] + [0.6] * 5 + [0.45] * 5 + [0.3] * 20 + [0.45] * 20)
    (event,) = find_events(held, {"AU12": 0.5})
    assert (event.onset_s, event.offset_s) == (1 / FPS, 11 / FPS)
    (strict,) = find_events(held, {"AU12": 0.5}, EventSettings(release=1.0))
    assert strict.offset_s == 6 / FPS


def test_short_events_are_dropped_and_short_gaps_are_merged():
    blip = unit([0.1] * 9 + [0.9] * 4 + [0.1] * 9)  # 0.16 s
    assert not find_events(blip, {"AU12": 0.5})
    gap = unit([0.9] * 10 + [0.1] * 5 + [0.9] * 10)  # a gap of 0.2 s
    assert len(find_events(gap, {"AU12": 0.5})) == 1
    long_gap = unit([0.9] * 10 + [0.1] * 6 + [0.9] * 10)
    assert len(find_events(long_gap, {"AU12": 0.5})) == 2


def test_rows_without_a_value_end_an_event_and_are_not_averaged():
    rows = unit([0.9] * 10 + [None] * 20)
    (event,) = find_events(rows, {"AU12": 0.5})
    assert event.offset_s == 10 / FPS
    assert event.mean == pytest.approx(0.9)
    bridged = unit([0.9] * 10 + [None] * 3 + [0.7] * 10)
    (event,) = find_events(bridged, {"AU12": 0.5})
    assert (event.offset_s, event.mean) == (23 / FPS, pytest.approx(0.8))


def test_a_frame_without_the_track_ends_its_events():
    first = unit([0.9] * 10)
    later = table({"AU12": [0.9] * 10, "AU12_present": [True] * 10}, start=12)
    between = table({"AU12": [0.1] * 22, "AU12_present": [False] * 22}, track_id=1)
    events = find_events(both(first, later, between), {"AU12": 0.5})
    spans = [(event.onset_s, event.offset_s) for event in events]
    assert spans == [(0, 10 / FPS), (12 / FPS, pytest.approx(22 / FPS))]


@pytest.mark.parametrize(
    ("num_frames", "label"), [(1, None), (2, "blink"), (12, "blink"), (13, "eyes_closed")]
)
def test_closures_up_to_half_a_second_are_blinks(num_frames, label):
    closed = [False] * 5 + [True] * num_frames + [False] * 5
    closure = [0.8 if is_closed else 0.1 for is_closed in closed]
    rows = table(
        {"eyes_closed": closed, "eye_closure_left": closure, "eye_closure_right": closure}
    )
    events = find_events(rows)
    assert labels(events) == ([label] if label else [])
    assert all(event.peak == pytest.approx(0.8) for event in events)


def test_a_blink_does_not_end_a_look_at_the_camera():
    looking = [True] * 20 + [None] * 5 + [True] * 20 + [False] * 20
    gaze = [2.0] * 45 + [30.0] * 20
    rows = table(
        {"looking_at_camera": looking, "gaze_yaw_deg": gaze, "gaze_pitch_deg": [0.0] * 65}
    )
    at, away = find_events(rows)
    assert (at.label, at.onset_s, at.offset_s) == ("looking_at_camera", 0, 45 / FPS)
    assert (away.label, away.onset_s, away.peak) == ("looking_away", 45 / FPS, 30)


def test_the_angle_of_gaze_is_that_between_directions():
    rows = table(
        {
            "looking_at_camera": [False] * 10,
            "gaze_yaw_deg": [60.0] * 10,
            "gaze_pitch_deg": [60.0] * 10,
        }
    )
    (away,) = find_events(rows)
    assert away.peak == pytest.approx(75.522, abs=1e-3)  # arccos(1/4)


def test_looking_at_the_camera_and_away_do_not_overlap():
    rng = np.random.default_rng(2)
    looking = np.repeat(rng.random(40) < 0.5, rng.integers(1, 20, 40)).tolist()
    rows = table(
        {
            "looking_at_camera": looking,
            "gaze_yaw_deg": [0.0] * len(looking),
            "gaze_pitch_deg": [0.0] * len(looking),
        }
    )
    events = find_events(rows)
    assert {"looking_at_camera", "looking_away"} == set(labels(events))
    for before, after in pairwise(events):
        assert before.offset_s <= after.onset_s + 1e-9


def test_expressions_are_runs_of_one_label_with_its_probability():
    words = ["Neutral"] * 10 + ["Happiness"] * 10 + [None] * 10
    rows = table(
        {
            "expression": words,
            "p_neutral": [0.8] * 10 + [0.2] * 20,
            "p_happiness": [0.1] * 10 + [0.7] * 20,
        }
    )
    neutral, happy = find_events(rows)
    assert (neutral.label, neutral.onset_s, neutral.offset_s) == ("Neutral", 0, 10 / FPS)
    assert (happy.label, happy.onset_s, happy.offset_s) == ("Happiness", 10 / FPS, 20 / FPS)
    assert happy.peak == pytest.approx(0.7)


def head(pitch, yaw):
    return table({"pose_pitch_deg": pitch, "pose_yaw_deg": yaw})


def swings(size_deg, period_s, num_cycles, rest_s=1.0):
    """Return a still head, cycles of a cosine, and a still head again."""
    rest = np.zeros(round(rest_s * FPS))
    phase = np.arange(round(num_cycles * period_s * FPS)) / (period_s * FPS)
    return np.concatenate([rest, size_deg * (np.cos(2 * np.pi * phase) - 1) / 2, rest])


def test_a_head_that_goes_down_and_up_nods():
    pitch = swings(10.0, 0.6, 2)
    (nod,) = find_events(head(pitch, np.zeros(len(pitch))))
    assert nod.label == "nod"
    assert nod.onset_s == pytest.approx(1.0, abs=0.13)  # begins slowly
    assert nod.offset_s == pytest.approx(2.2, abs=0.13)
    assert nod.peak == pytest.approx(10, abs=0.5)
    (single,) = find_events(head(swings(10.0, 0.6, 1), np.zeros(65)))
    assert single.label == "nod"


def test_a_head_that_goes_to_and_fro_shakes():
    yaw = swings(16.0, 0.6, 2)
    (shake,) = find_events(head(np.zeros(len(yaw)), yaw))
    assert shake.label == "shake"
    aside_and_back = swings(16.0, 0.8, 1)
    assert not find_events(head(np.zeros(len(aside_and_back)), aside_and_back))


@pytest.mark.parametrize("pitch", [swings(3.0, 0.6, 3), swings(20.0, 3.0, 2)])
def test_small_and_slow_movements_are_no_nods(pitch):
    assert not find_events(head(pitch, np.zeros(len(pitch))))


def test_a_head_that_moves_more_sideways_does_not_nod():
    pitch = swings(6.0, 0.6, 2)
    assert not find_events(head(pitch, 2 * swings(6.0, 1.5, 0.8)[: len(pitch)]))


def test_photographs_have_no_events():
    rows = unit([0.9] * 20, image=["a.jpg"] * 20)
    assert find_events(rows, {"AU12": 0.5}) == ()


def test_one_frame_has_no_event_with_a_duration():
    assert find_events(unit([0.9]), {"AU12": 0.5}) == ()


def test_a_table_without_time_is_refused():
    with pytest.raises(ValueError, match="got no time_s, track_id"):
        find_events(pa.table({"frame": [0], "AU12": [0.5]}))


def random_rows(seed):
    """Return two people who come and go, with gaps, an irregular clock and no-face rows."""
    rng = np.random.default_rng(seed)
    tables = []
    for track_id in (0, 1, 2):
        length = int(rng.integers(20, 300))
        probs = np.clip(np.cumsum(rng.normal(0, 0.12, length)) % 1.0, 0, 1)
        words = rng.choice(["Neutral", "Happiness"], length)
        closed = rng.random(length) < 0.3
        rows = table(
            {
                "AU12": [None if rng.random() < 0.1 else p for p in probs],
                "AU12_present": (probs >= 0.5).tolist(),
                "expression": np.repeat(words[::7], 7)[:length].tolist(),
                "p_happiness": probs.tolist(),
                "p_neutral": (1 - probs).tolist(),
                "eyes_closed": closed.tolist(),
                "eye_closure_left": closed.astype(float).tolist(),
                "eye_closure_right": closed.astype(float).tolist(),
                "pose_pitch_deg": (8 * np.sin(np.arange(length) / 1.7)).tolist(),
                "pose_yaw_deg": rng.normal(0, 1, length).tolist(),
            },
            track_id=track_id,
            start=int(rng.integers(0, 100)),
        )
        tables.append(rows)
    return both(*tables)


@pytest.mark.parametrize("seed", range(4))
def test_events_do_not_depend_on_how_rows_are_batched(seed):
    rows = random_rows(seed)
    whole = find_events(rows, {"AU12": 0.5})
    assert {"AU12", "Neutral", "Happiness", "blink", "nod"} <= set(labels(whole))
    for size in (1, 2, 7, 64):
        finder = EventFinder(rows.schema, {"AU12": 0.5})
        events = [
            event
            for batch in rows.combine_chunks().to_batches(max_chunksize=size)
            for event in finder.add(batch)
        ]
        events += finder.close()
        assert sorted(map(repr, events)) == sorted(map(repr, whole))


def test_thresholds_are_those_in_the_schema():
    rows = unit([0.1] + [0.6] * 5 + [0.45] * 5 + [0.1] * 20)
    metadata = {"threshold": "0.5"}
    fields = [
        field.with_metadata(metadata) if field.name == "AU12_present" else field
        for field in rows.schema
    ]
    (event,) = find_events(rows.cast(pa.schema(fields)))
    assert event.offset_s == 11 / FPS
    assert find_events(rows) == ()  # no threshold is known


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"release": 0.0}, "release must be in"),
        ({"min_duration_s": -1.0}, "min_duration_s must be at least 0"),
        ({"blink_max_s": 0.01}, "blink_max_s must be at least blink_min_s"),
        ({"mouth_onset": 0.1}, "mouth_offset must be at most mouth_onset"),
        ({"merge_gap_s": math.nan}, "merge_gap_s must be at least 0"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        EventSettings(**wrong)
