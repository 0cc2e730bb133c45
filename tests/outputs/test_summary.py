import dataclasses
import json

import numpy as np
import pytest
from rich.console import Console

from wildaffect.core.faces import Status
from wildaffect.core.results import Affect
from wildaffect.core.tasks import LabelSpace, LabelSpaces, action_unit_label
from wildaffect.outputs import summary
from wildaffect.outputs.report_text import summary_json, summary_line, track_table
from wildaffect.outputs.summary import Summarizer, total


@pytest.fixture
def two_people(row):
    rows = []
    for frame in range(10):
        rows.append(row(frame, 0, rate=10))
        if frame >= 5:
            status = Status.LOW_QUALITY if frame == 5 else Status.OK
            rows.append(row(frame, 1, status=status, rate=10))
    return [*rows, row(10, None, rate=10)]


def summarize(rows):
    summarizer = Summarizer()
    assert list(summarizer.observe(rows)) == list(rows)
    return summarizer


def test_totals_count_frames_faces_and_people(two_people):
    run = summarize(two_people).run(wall_s=2.0)
    assert (run.num_frames, run.num_faces, run.num_tracks) == (11, 15, 2)
    assert run.video_s == 1.0
    assert run.frames_per_s == 5.5
    assert run.no_face_share == pytest.approx(1 / 11)
    assert run.low_quality_share == pytest.approx(1 / 15)


def test_a_track_sums_up_the_frames_that_were_scored(two_people):
    first, second = summarize(two_people).tracks()
    own = [r.affect for r in two_people if r.face is not None and r.face.track_id == 1]
    scored = [affect for affect in own if affect is not None]
    assert (second.start_s, second.stop_s) == (0.5, 0.9)
    assert (second.num_frames, second.num_scored) == (5, 4)
    assert second.valence == pytest.approx(sum(a.valence for a in scored) / 4)
    assert [(s.label, s.share) for s in second.expressions] == [("Happiness", 1.0)]
    au12 = sum(a.action_units_present[6] for a in scored) / 4
    assert {s.label: s.share for s in second.action_units}.get("AU12", 0.0) == au12
    assert first.num_frames == 10


def test_what_no_frame_predicts_has_no_mean(row):
    (track,) = summarize([row(status=Status.LOW_QUALITY)]).tracks()
    assert (track.valence, track.expressions, track.action_units) == (None, (), ())


def test_nothing_at_all_sums_up_to_zeros():
    run = Summarizer().run()
    assert (run.num_frames, run.no_face_share, run.frames_per_s) == (0, 0.0, 0.0)


def test_files_add_up(two_people):
    run = summarize(two_people).run()
    both = total([run, run], wall_s=4.0)
    assert (both.num_files, both.num_frames, both.num_tracks) == (2, 22, 4)
    assert both.frames_per_s == 5.5


def test_memory_is_bounded_by_forgetting_the_shortest_tracks(row, monkeypatch):
    monkeypatch.setattr(summary, "MAX_TRACKS", 3)
    rows = [row(frame, 0) for frame in range(5)] + [row(5 + k, 1 + k) for k in range(50)]
    summarizer = summarize(rows)
    assert summarizer.run().num_tracks == 51
    kept = summarizer.tracks()
    assert len(kept) <= 6
    assert kept[0].track_id == 0


def test_the_line_names_numbers_in_words(two_people):
    assert summary_line(summarize(two_people).run(wall_s=2.0)) == (
        "1 file, 11 frames (1.0 s), 15 faces, 2 tracks, 9.1% of frames without a face, "
        "6.7% of faces of low quality, 2.0 s, 5.5 frames/s"
    )


def shown(table, width=120):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_a_long_list_shows_the_longest_tracks_and_says_how_many_not(row):
    rows = [row(frame, track) for track in range(8) for frame in range(track + 1)]
    text = shown(
        track_table(summarize(sorted(rows, key=lambda r: r.frame_index)).tracks(), 3)
    )
    assert "and 5 shorter tracks; all are in the table file" in text
    assert [line.split()[0] for line in text.splitlines()[2:5]] == ["5", "6", "7"]


def test_a_short_list_is_shown_whole(two_people):
    text = shown(track_table(summarize(two_people).tracks()))
    assert "shorter" not in text
    assert "Happiness 100%" in text


def unclear(affect):
    return dataclasses.replace(affect, expression_is_unclear=True)


def test_an_unclear_expression_is_called_so(row, affect):
    rows = [row(0, affect=affect()), *(row(i, affect=unclear(affect())) for i in (1, 2, 3))]
    (track,) = summarize(rows).tracks()
    assert [(s.label, s.share) for s in track.expressions] == [
        ("unclear", 0.75),
        ("Happiness", 0.25),
    ]
    assert "unclear 75%" in shown(track_table([track]))


NINETEEN = tuple(action_unit_label(n) for n in range(1, 20))


@pytest.mark.parametrize("image", [None, "a-photograph-with-a-long-name-of-2026.jpg"])
def test_the_table_fits_80_columns_with_nineteen_units_in_a_long_video(row, image):
    spaces = LabelSpaces(action_units=LabelSpace(name="many", labels=NINETEEN))
    summarizer = Summarizer(spaces)
    predicted = Affect(
        valence=-0.25,
        arousal=0.5,
        expression="Happiness",
        action_unit_probs=np.ones(19, np.float32),
        action_units_present=(True,) * 19,
        spaces=spaces,
    )
    for frame in range(3):
        one = dataclasses.replace(row(frame, affect=predicted), time_s=frame * 6000.0)
        summarizer.add(dataclasses.replace(one, image=image))
    text = shown(track_table(summarizer.tracks()), width=80)
    assert max(map(len, text.splitlines())) <= 80
    (line,) = [line for line in text.splitlines() if "Happiness" in line]
    assert line.rstrip().endswith("AU01 02 03 04 +15")
    assert "-0.25" in line
    assert ("0-12000 s" in text) is (image is None)
    assert ("a-photograph-with-" in text) is (image is not None)


def test_a_track_of_one_frame_has_a_moment_and_no_span(row):
    text = shown(track_table(summarize([row(30)]).tracks()))
    assert " 1.0 s " in text
    assert "1.0-1.0" not in text


def test_photographs_are_counted_as_such_and_have_no_time(row):
    photos = [dataclasses.replace(row(i, i, rate=1.0), image=f"{i}.jpg") for i in range(3)]
    run = summarize(photos).run()
    assert (run.num_images, run.video_s) == (3, 0.0)
    assert summary_line(run) == (
        "3 images, 3 faces, 0.0% of images without a face, 0.0% of faces of low quality"
    )
    slow = dataclasses.replace(run, wall_s=2.0)
    assert summary_line(slow).endswith(", 2.0 s, 1.5 images/s")
    assert "and 2 more faces; all are" in shown(track_table(summarize(photos).tracks(), 1))
    text = shown(track_table(summarize(photos).tracks()))
    assert "2.jpg" in text
    assert " s " not in text
    both = total([run, summarize([row(0), row(30)]).run()], wall_s=0.0)
    assert summary_line(both).startswith("2 files, 2 frames (1.0 s), 3 images, 5 faces")


def test_units_of_most_frames_are_named(row, affect):
    present = [(True, False), (True, False), (True, True), (False, True), (True, False)]
    spaces = LabelSpaces(action_units=LabelSpace(name="two", labels=("AU01", "AU02")))
    summarizer = Summarizer(spaces)
    for frame, units in enumerate(present):
        predicted = Affect(action_units_present=units, spaces=spaces)
        summarizer.add(row(frame, affect=predicted))
    (track,) = summarizer.tracks()
    assert [(s.label, s.share) for s in track.action_units] == [
        ("AU01", 0.8),
        ("AU02", 0.4),
    ]
    text = shown(track_table([track]))
    assert "AU01" in text
    assert "AU02" not in text


def test_the_json_form_holds_the_same_numbers(two_people):
    summarizer = summarize(two_people)
    record = json.loads(json.dumps(summary_json(summarizer.run(2.0), summarizer.tracks())))
    assert record["run"]["num_frames"] == 11
    assert record["run"]["frames_per_s"] == 5.5
    assert record["tracks"][1]["track_id"] == 1
