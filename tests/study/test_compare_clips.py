"""Studies on made-up results with a known effect."""

import csv

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import OutputError, UsageError
from wildaffect.study.compare import compare_conditions
from wildaffect.study.curves import Excluded, TrialCurves, Window, read_trial
from wildaffect.study.design import Trial, read_design
from wildaffect.workflows.compare_clips import compare_clips

RATE = 10.0
EFFECT = 0.3


def table_of(valence, track_id=0, statuses=None):
    length = len(valence)
    return pa.table(
        {
            "frame": np.arange(length),
            "time_s": np.arange(length) / RATE,
            "track_id": [track_id] * length,
            "status": statuses or ["ok"] * length,
            "valence": np.asarray(valence, np.float32),
        }
    )


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def make_study(folder, *, people=12, seed=0, between=False, effect=EFFECT):
    """Write results of 8 s and their study file; the stimulus `joy` begins at 3 s.

    Every person has a level of their own, which the baseline takes away.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        for number, condition in enumerate(("joy", "calm")):
            if between and person % 2 != number:
                continue
            level, response = rng.uniform(-0.4, 0.4), rng.normal(0, 0.1)
            valence = level + rng.normal(0, 0.05, 80)
            valence[30:] += response + (effect if condition == "joy" else 0.0)
            name = f"p{person}-{condition}"
            write_csv(folder / f"{name}.csv", table_of(valence).to_pylist())
            rows.append(
                {
                    "video": f"{name}.csv",
                    "participant": f"p{person}",
                    "condition": condition,
                    "onset_s": 3.0,
                    "baseline_start_s": 0.0,
                    "baseline_stop_s": 3.0,
                }
            )
    return write_csv(folder / "study.txt", rows)


def results_in(folder):
    return sorted(folder.glob("p*.csv"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return make_study(folder)


@pytest.fixture(scope="module")
def result(study):
    window = Window(start_s=-1.0, stop_s=5.0, step_s=0.5)
    return compare_clips(
        study, results_in(study.parent), signals=["valence"], window=window
    )


def test_the_known_effect_is_inside_the_interval(result):
    (difference,) = result.differences
    assert (difference.first, difference.second) == ("joy", "calm")
    assert difference.design == "within"
    assert difference.num_participants == 12
    assert difference.low < EFFECT * 5 / 6 < difference.high
    assert difference.low > 0


def test_curves_rise_at_the_onset_and_their_tables_agree(result):
    curves = result.curves.to_pandas()
    joy = curves[curves.condition == "joy"].set_index("time_s")
    assert joy.index.tolist() == np.arange(-1.0, 5.0, 0.5).tolist()
    assert abs(joy["mean"].loc[-1.0]) < 0.05
    assert joy["mean"].loc[0.0] == pytest.approx(EFFECT, abs=0.1)
    assert (joy.low < joy["mean"]).all()
    assert (joy.num_participants == 12).all()
    people = result.participants.to_pandas()
    wide = people.pivot_table(index="participant", columns="condition", values="value")
    mean = (wide.joy - wide.calm).mean()
    assert result.differences[0].difference == pytest.approx(mean)
    sd = (wide.joy - wide.calm).std()
    assert result.differences[0].effect_size == pytest.approx(mean / sd)


def test_different_people_are_compared_as_groups(tmp_path):
    study = make_study(tmp_path, people=24, between=True)
    got = compare_clips(
        study, results_in(tmp_path), signals=["valence"], window=Window(stop_s=5.0)
    )
    (difference,) = got.differences
    assert difference.design == "between"
    assert difference.low < EFFECT < difference.high
    people = got.participants.to_pandas()
    joy = people[people.condition == "joy"].value
    calm = people[people.condition == "calm"].value
    pooled = np.sqrt((joy.var() + calm.var()) / 2)
    assert difference.effect_size == pytest.approx((joy.mean() - calm.mean()) / pooled)


def test_a_baseline_is_subtracted_for_each_signal():
    trial = Trial(
        line=2,
        video="x",
        participant="p",
        condition="c",
        onset_s=2.0,
        baseline_s=(0.0, 1.0),
    )
    table = table_of([0.25] * 10 + [0.9] * 10 + [0.75] * 20)
    got = read_trial(table, trial, ["valence"], Window(stop_s=2.0, step_s=1.0))
    np.testing.assert_allclose(got.values, [[0.5], [0.5]])
    assert got.baseline.tolist() == [0.25]


def test_faces_that_cannot_be_read_are_left_out_and_never_neutral():
    statuses = ["ok"] * 10 + ["low_quality"] * 10
    trial = Trial(line=2, video="x", participant="p", condition="c")
    table = table_of([0.5] * 10 + [0.0] * 10, statuses=statuses)
    got = read_trial(table, trial, ["valence"], Window(stop_s=2.0, step_s=1.0))
    assert got.values[0, 0] == 0.5
    assert np.isnan(got.values[1, 0])
    assert got.usable_share == 0.5


@pytest.mark.parametrize(
    ("changes", "window", "reason"),
    [
        ({"onset_s": 1.5}, {"stop_s": 2.0}, "the video ends 0.4 s after the onset"),
        ({"onset_s": -5.0}, {"stop_s": 2.0}, "the video starts 5 s after the onset"),
        ({"track_id": 7}, {"stop_s": 2.0}, "no person with track_id 7"),
        ({"baseline_s": (50.0, 60.0)}, {"stop_s": 2.0}, "no readable face in the baseline"),
    ],
)
def test_trials_that_cannot_be_used_give_their_reason(changes, window, reason):
    trial = Trial(line=2, video="x", participant="p", condition="c", **changes)
    with pytest.raises(Excluded, match=reason):
        read_trial(table_of([0.1] * 20), trial, ["valence"], Window(**window))


def test_the_person_with_most_readable_frames_is_taken():
    both = pa.concat_tables([table_of([0.1] * 8, 0), table_of([0.9] * 20, 1)])
    trial = Trial(line=2, video="x", participant="p", condition="c")
    got = read_trial(both, trial, ["valence"], Window(stop_s=1.0))
    assert got.track_ids == (1,)


def test_a_window_that_is_mostly_unreadable_is_excluded():
    trial = Trial(line=2, video="x", participant="p", condition="c")
    table = table_of([0.1] * 40, statuses=["ok"] * 5 + ["low_quality"] * 35)
    with pytest.raises(Excluded, match="a readable face in 12% of the window"):
        read_trial(
            table, trial, ["valence"], Window(stop_s=4.0, step_s=0.5, min_usable=0.3)
        )


def test_a_person_alone_is_one_person_after_a_hand_before_the_face():
    first, later = table_of([0.1] * 20, 0), table_of([0.7] * 20, 1)
    shifted = later.set_column(0, "frame", pa.array(np.arange(20, 40)))
    shifted = shifted.set_column(1, "time_s", pa.array(np.arange(20, 40) / RATE))
    both = pa.concat_tables([first, shifted])
    trial = Trial(line=2, video="x", participant="p", condition="c")
    got = read_trial(both, trial, ["valence"], Window(stop_s=4.0, step_s=2.0))
    assert got.track_ids == (0, 1)
    np.testing.assert_allclose(got.values[:, 0], [0.1, 0.7], atol=1e-6)
    late = Trial(line=2, video="x", participant="p", condition="c", onset_s=2.5)
    assert read_trial(both, late, ["valence"], Window(stop_s=1.5)).track_ids == (1,)


def test_a_signal_that_is_unknown_in_the_baseline_leaves_the_others():
    table = table_of([0.5] * 40).append_column("gaze", pa.array([None] * 10 + [3.0] * 30))
    trial = Trial(
        line=2,
        video="x",
        participant="p",
        condition="c",
        baseline_s=(0.0, 1.0),
        onset_s=1.0,
    )
    window = Window(stop_s=3.0, step_s=1.0)
    got = read_trial(table, trial, ["valence", "gaze"], window)
    np.testing.assert_allclose(got.values[:, 0], 0.0)
    assert np.isnan(got.values[:, 1]).all()


def test_one_person_and_time_under_two_names_is_refused(study, tmp_path):
    rows = read_csv(study)
    rows[2]["video"] = rows[0]["video"]
    with pytest.raises(UsageError, match=r"line 2 .* and line 4 .* are the same person"):
        compare_clips(
            write_csv(tmp_path / "s.csv", rows),
            results_in(study.parent),
            signals=["valence"],
            window=Window(stop_s=5.0),
        )


def test_no_input_is_written_to(tmp_path):
    study = make_study(tmp_path)
    named = study.rename(tmp_path / "participants.csv")
    before = named.read_bytes()
    got = compare_clips(
        named, results_in(tmp_path)[:-1], signals=["valence"], window=Window(stop_s=5.0)
    )
    with pytest.raises(OutputError, match=r"participants\.csv: is the study file"):
        got.write(tmp_path)
    assert named.read_bytes() == before


def test_missing_results_are_listed_and_the_rest_is_compared(study, tmp_path):
    rows = read_csv(study)
    rows.append(rows[0] | {"video": "lost.mp4"})
    got = compare_clips(
        write_csv(tmp_path / "s.csv", rows),
        results_in(study.parent),
        signals=["valence"],
        window=Window(stop_s=5.0),
    )
    assert got.exclusions == (("line 26 (lost.mp4)", "no result of this video"),)
    assert "1 trial of 25 was excluded" in got.methods
    assert "lost.mp4" in got.page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,participant\na,b\n", "line 1: no column condition"),
        ("video,participant,condition,age\na,b,c,3\n", "line 1: unknown column age"),
        ("video,participant,condition\n", "no trials"),
        ("video,participant,condition\na,,c\n", "line 2: participant is empty"),
        ("video,participant,condition,onset_s\na,b,c,soon\n", "line 2: onset_s must be"),
        (
            "video,participant,condition\na,b,c\na,b,c\n",
            "line 3: the same trial is in line 2",
        ),
        ("video,participant,condition\na,b,c,d\n", "line 2: more cells than columns"),
        ("video,participant,condition,baseline_start_s\na,b,c,1\n", "go together, got one"),
        (
            "video,participant,condition,baseline_start_s,baseline_stop_s\na,b,c,2,1\n",
            "must stop after it starts",
        ),
        ("video,participant,condition,track_id\na,b,c,1.5\n", "track_id must be a whole"),
    ],
)
def test_a_wrong_study_file_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "study.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as error:
        read_design(path)
    assert str(path) in str(error.value)


def test_an_effect_that_few_have_a_value_of_has_no_interval(study):
    trials = []
    for person in range(8):
        for condition, shift in (("a", 0.2), ("b", 0.0)):
            values = np.full((4, 2), shift + 0.1 * person)
            values[:, 1] = np.nan if person > 3 else values[:, 1] + 0.01 * person
            trial = Trial(line=2, video="x", participant=f"{person}", condition=condition)
            trials.append(
                TrialCurves(
                    trial=trial,
                    track_ids=(0,),
                    values=values,
                    baseline=None,
                    usable_share=1.0,
                )
            )
    constant, sparse = compare_conditions(trials, ["valence", "gaze"]).differences
    assert constant.difference == pytest.approx(0.2)
    assert np.isnan([constant.low, constant.effect_size]).all()  # the same for everybody
    assert sparse.num_participants == 4
    assert np.isnan([sparse.low, sparse.high, sparse.effect_size]).all()


def test_few_participants_are_refused(tmp_path):
    study = make_study(tmp_path, people=4)
    with pytest.raises(UsageError, match="'joy' has 4 participants with usable trials"):
        compare_clips(
            study, results_in(tmp_path), signals=["valence"], window=Window(stop_s=5.0)
        )


def test_conditions_that_share_few_participants_are_refused(tmp_path):
    study = make_study(tmp_path, people=24, between=True)
    rows = read_csv(study)
    rows[1]["participant"] = rows[0]["participant"]
    write_csv(study, rows)
    with pytest.raises(UsageError, match="share 1 participants, at least 5"):
        compare_clips(
            study, results_in(tmp_path), signals=["valence"], window=Window(stop_s=5.0)
        )


def test_a_signal_that_is_not_there_is_named(study):
    with pytest.raises(UsageError, match="no signal AU99"):
        compare_clips(study, results_in(study.parent), signals=["AU99"])
    with pytest.raises(UsageError, match="status is text"):
        compare_clips(study, results_in(study.parent), signals=["status"])


def test_the_command_writes_a_page_and_tables(study, tmp_path, capsys):
    args = ["compare-clips", study, *results_in(study.parent), "-o", tmp_path / "out"]
    args += ["--signals", "valence", "--window-stop", "5", "--resamples", "500"]
    assert main(list(map(str, args))) == 0
    out = capsys.readouterr().out
    assert "valence: joy - calm" in out
    assert max(map(len, out.splitlines()[:4])) <= 80
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "curves.csv",
        "differences.csv",
        "exclusions.csv",
        "methods.txt",
        "participants.csv",
        "study.html",
    ]
    people = pd.read_csv(tmp_path / "out" / "participants.csv")
    assert len(people) == 24
    page = (tmp_path / "out" / "study.html").read_text()
    assert "http" not in page.split("<body>")[1]
    assert "95 % studentized bootstrap intervals" in page


def test_an_empty_window_is_refused(study, capsys):
    args = ["compare-clips", study, study.parent, "--window-start", "5"]
    assert main([*map(str, args), "--window-stop", "5"]) == 2
    assert "must be at least one step of 0.5 s long" in capsys.readouterr().err


@pytest.mark.slow
def test_intervals_of_whole_studies_cover_the_effect(tmp_path):
    covered = 0
    for seed in range(150):
        folder = tmp_path / str(seed)
        folder.mkdir()
        study = make_study(folder, people=10, seed=seed)
        (got,) = compare_clips(
            study,
            results_in(folder),
            signals=["valence"],
            window=Window(stop_s=5.0, step_s=5.0),
            num_resamples=500,
        ).differences
        covered += got.low <= EFFECT <= got.high
    assert 0.91 <= covered / 150 <= 0.99  # three standard errors around 95 %
