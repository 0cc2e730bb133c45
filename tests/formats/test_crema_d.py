"""Tables are made up in the layout of CREMA-D; the counts of the real ones are by hand."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.support.crema_d import (
    PEOPLE_HEADER,
    VOTES_HEADER,
    votes_row,
    write_crema_d,
    write_people,
    write_table,
)

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import LabelSpaces
from wildaffect.data.published import PUBLISHED
from wildaffect.formats.acted import Actor, split_actors
from wildaffect.formats.crema_d import read_crema_d, read_people
from wildaffect.formats.crema_d_tables import parse_clip, read_face_votes
from wildaffect.formats.detect import detect, read_splits
from wildaffect.formats.mapping import map_spaces
from wildaffect.formats.problems import Kind

REAL = os.environ.get("WILDAFFECT_CREMA_D", "")
SPLITS = ("train", "val", "test")


def votes_table(root, *rows, actors=12):
    write_people(root, actors)
    return write_table(root / "tabulatedVotes.csv", VOTES_HEADER, rows)


def every_problem(path):
    return [each for split in SPLITS for each in read_crema_d(path, split).problems]


def only_clip(path):
    readings = [read_crema_d(path, split).annotations for split in SPLITS]
    (found,) = [each for each in readings if len(each)]
    return found


def test_the_names_of_clips_tell_actor_emotion_and_level():
    clip = parse_clip("1064_IEO_DIS_MD")
    assert (clip.actor, clip.sentence, clip.intended) == ("1064", "IEO", "Disgust")
    assert clip.level == "medium"
    assert parse_clip("1001_IEO_NEU_XX").level == "unspecified"
    for name in ("1040_ITH_SAD_X", "1001_IEO_SUR_XX", "1001_IEO_NEU_XX.flv", "10_I_NEU_XX"):
        assert parse_clip(name) is None


def test_votes_on_the_face_become_shares_and_the_class_with_the_most(tmp_path):
    path = votes_table(
        tmp_path,
        votes_row("100001", "1003_IEO_FEA_HI", {"A": 10}),
        votes_row("200001", "1003_IEO_FEA_HI", {"F": 6, "N": 3, "D": 1}),
        votes_row("300001", "1003_IEO_FEA_HI", {"S": 10}),
    )
    found = only_clip(path)
    labels = found.spaces.expressions.labels
    assert labels == ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness")
    np.testing.assert_allclose(
        found.expression_shares.values, [[0.3, 0, 0.1, 0.6, 0, 0]], rtol=1e-6
    )
    assert labels[found.expression.values[0]] == "Fear"
    assert found.clip_level
    assert found.videos == ("1003_IEO_FEA_HI",)
    assert found.subjects == ("1003",)


def test_a_tie_has_shares_and_no_class(tmp_path):
    row = votes_row("200001", "1001_DFA_ANG_XX", {"A": 4, "D": 4, "S": 1})
    found = only_clip(votes_table(tmp_path, row))
    assert not found.expression.valid.any()
    assert found.expression_shares.valid.all()


def test_a_clip_without_votes_is_kept_without_a_label(tmp_path):
    path = votes_table(tmp_path, votes_row("200001", "1001_DFA_ANG_XX", {}))
    found = only_clip(path)
    assert not found.expression.valid.any()
    assert not found.expression_shares.valid.any()
    assert every_problem(path) == []


@pytest.mark.parametrize(
    ("row", "kind", "text"),
    [
        (
            votes_row("200001", "1040_ITH_SAD_X", {"S": 9}),
            Kind.BAD_NAME,
            "named as 1001_DFA_ANG_XX",
        ),
        (
            votes_row("400001", "1001_ITH_SAD_XX", {"S": 9}),
            Kind.UNREADABLE_ROW,
            "must be 1, 2 or 3 and five digits, got '400001'",
        ),
        (
            votes_row("200001", "1099_ITH_SAD_XX", {"S": 9}),
            Kind.MISSING_PART,
            "must be in VideoDemographics.csv, got '1099'",
        ),
        (
            votes_row("200001", "1001_ITH_SAD_XX", {"S": 9}, numResponses=10),
            Kind.OUT_OF_RANGE,
            "add up to numResponses, 10, got 9",
        ),
        (
            votes_row("200001", "1001_ITH_SAD_XX", {"S": 9}, emoVote="N"),
            Kind.OUT_OF_RANGE,
            "emoVote must be what most voted for, 'S', got 'N'",
        ),
        (
            votes_row("200001", "1001_ITH_SAD_XX", {"S": 9}, N=""),
            Kind.OUT_OF_RANGE,
            "votes must be whole numbers",
        ),
    ],
)
def test_an_odd_row_is_reported_with_its_line(tmp_path, row, kind, text):
    path = votes_table(tmp_path, votes_row("200002", "1001_IEO_NEU_XX", {"N": 9}), row)
    (problem,) = every_problem(path)
    assert (problem.line, problem.kind) == (3, kind)
    assert text in problem.text
    rows = sum(len(read_crema_d(path, split).annotations) for split in SPLITS)
    assert rows == (1 if kind.loses_row else 2)


def test_a_clip_that_is_listed_twice_is_one_video_with_two_rows(tmp_path):
    rows = [
        votes_row(f"20000{n}", "1001_IEO_NEU_XX", votes)
        for n, votes in enumerate(({"N": 9}, {"S": 9}))
    ]
    found = only_clip(votes_table(tmp_path, *rows))
    assert len(found) == 2
    assert found.videos == ("1001_IEO_NEU_XX",)


def test_votes_that_the_summary_contradicts_are_masked(tmp_path):
    path = write_crema_d(tmp_path, [(0, "A")])
    summary = path.parent / "summaryTable.csv"
    assert every_problem(path) == []
    summary.write_text(summary.read_text().replace('"N","50","A"', '"N","50","H"'))
    (problem,) = every_problem(path)
    assert "FaceVote of summaryTable.csv must agree, 'A', got 'H'" in problem.text
    assert not only_clip(path).expression_shares.valid.any()


def test_tables_that_are_missing_or_others_are_refused(tmp_path):
    path = write_table(tmp_path / "tabulatedVotes.csv", VOTES_HEADER, [])
    with pytest.raises(MissingData, match=r"VideoDemographics\.csv must lie in"):
        read_crema_d(path, "train")
    write_people(tmp_path, 2)
    write_table(path, ["fileName", "A"], [])
    with pytest.raises(BadAnnotation, match=r"csv:1: columns must hold row number, N, D"):
        read_crema_d(path, "train")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (["1001", 51, "Unknown", "Asian", ""], "Sex must be Female or Male, got 'Unknown'"),
        (["1001", "old", "Male", "Asian", ""], "Age must be a whole number, got 'old'"),
        (["1000", 51, "Male", "Asian", ""], "an actor must be listed once, got '1000'"),
    ],
)
def test_people_that_are_not_described_well_are_refused(tmp_path, row, text):
    first = ["1000", 20, "Male", "Unknown", "Hispanic"]
    write_table(tmp_path / "VideoDemographics.csv", PEOPLE_HEADER, [first, row])
    with pytest.raises(BadAnnotation, match=f"csv:3: {text}"):
        read_people(tmp_path / "tabulatedVotes.csv")


def test_splits_share_no_actor_and_depend_on_no_clip(tmp_path):
    few, many = tmp_path / "few", tmp_path / "many"
    write_people(few, 60)
    votes = votes_row("200001", "1033_IEO_NEU_XX", {"N": 9})
    one = only_clip(votes_table(few, votes, actors=60))
    path = write_crema_d(many, 60)
    people = [set(read_crema_d(path, split).annotations.subjects) for split in SPLITS]
    assert [len(each) for each in people] == [40, 10, 10]
    assert len(set.union(*people)) == 60
    (place,) = [s for s, each in zip(SPLITS, people, strict=True) if "1033" in each]
    assert one.source == f"CREMA-D {place}"


def test_splits_are_alike_in_sex_and_age():
    actors = [
        Actor(name=f"{i}", sex=("female", "male")[i % 2], age=20 + i) for i in range(60)
    ]
    split = split_actors(actors)
    val = [actor for actor in actors if split[actor.name] == "val"]
    assert sum(actor.sex == "female" for actor in val) == 5
    assert 40 < np.mean([actor.age for actor in val]) < 59


def test_the_classes_of_abaw_that_never_occur_are_named(tmp_path):
    found = only_clip(write_crema_d(tmp_path, [(0, "H")]))
    mapped = map_spaces(found, LabelSpaces())
    assert mapped.absent[:2] == ("Surprise", "Other")
    assert mapped.unlabeled == {}
    shares = mapped.annotations.expression_shares
    assert shares.values.shape == (1, 8)
    happiness = mapped.annotations.spaces.expressions.index("Happiness")
    assert shares.values[0].argmax() == happiness
    assert shares.values.sum() == pytest.approx(1)
    assert shares.valid.all()


@pytest.mark.skipif(not REAL, reason="WILDAFFECT_CREMA_D names no folder of the tables")
def test_the_real_tables_have_the_counts_that_were_made_by_hand():
    (found,) = detect(Path(REAL), "crema-d")
    for split, reading in read_splits(found).items():
        published = PUBLISHED["crema-d", split]
        classes = reading.annotations.expression
        counts = np.bincount(classes.values[classes.valid], minlength=6)
        assert reading.problems == ()
        assert len(reading.annotations) == published.num_rows
        assert tuple(counts.tolist()) == published.expressions
        assert reading.annotations.expression_shares.valid.all()
    votes, _ = read_face_votes(found.splits["train"])
    # Counted by a script of a few lines apart from the library.
    assert len(votes) == 7_442
    assert np.sum([each.votes for each in votes], axis=0).tolist() == [
        18_628, 10_005, 12_428, 9_149, 12_152, 9_292,
    ]  # fmt: skip
    assert sum(len(each.winners) > 1 for each in votes) == 470
    labels = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness")
    as_intended = [
        labels[each.winners[0]] == each.clip.intended
        for each in votes
        if len(each.winners) == 1
    ]
    assert (sum(as_intended), len(as_intended)) == (4_931, 6_972)
