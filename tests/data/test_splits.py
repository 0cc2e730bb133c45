import json
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import SplitError
from wildaffect.data.splits import Fold, k_folds, load_splits, save_splits


def corpus(num_videos=40, seed=0, *, per_subject=1, prefix="video", most=300):
    """Videos of very different lengths, each with its own favorite expressions."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(11, most, num_videos)
    index = np.repeat(np.arange(num_videos), lengths)
    rows = len(index)
    favorite = rng.integers(0, 8, num_videos)[index]
    expression = np.where(rng.random(rows) < 0.5, favorite, rng.integers(0, 8, rows))
    videos = tuple(f"{prefix}{i}" for i in range(num_videos))
    return Annotations(
        source=f"made up {prefix}",
        videos=videos,
        subjects=tuple(f"{prefix}-s{i // per_subject}" for i in range(num_videos)),
        video_index=index,
        frame_number=np.arange(rows),
        images=("x",) * rows,
        lines=np.arange(rows),
        valence=TaskColumn(
            rng.uniform(-1, 1, rows).astype(np.float32), np.ones(rows, bool)
        ),
        arousal=TaskColumn(
            rng.uniform(-1, 1, rows).astype(np.float32), np.ones(rows, bool)
        ),
        expression=TaskColumn(expression, rng.random(rows) < 0.6),
        action_units=TaskColumn(
            (rng.random((rows, 12)) < 0.2).astype(np.int8), np.ones((rows, 12), bool)
        ),
    )


@settings(max_examples=12, deadline=None)
@given(
    num_videos=st.integers(6, 30),
    k=st.integers(2, 6),
    seed=st.integers(0, 99),
    per_subject=st.integers(1, 3),
)
def test_folds_validate_every_video_once_and_never_share_a_subject(
    num_videos, k, seed, per_subject
):
    table = corpus(num_videos, seed, per_subject=per_subject)
    k = min(k, len(set(table.subjects)))
    splits = k_folds(table, k, seed=seed, kind="subject-disjoint")
    scored = [video for fold in splits.folds for video in fold.val]
    assert sorted(scored) == sorted(table.videos)
    subject = dict(zip(table.videos, table.subjects, strict=True))
    for fold in splits.folds:
        assert fold.val
        assert set(fold.train) | set(fold.val) == set(table.videos)
        assert not {subject[v] for v in fold.train} & {subject[v] for v in fold.val}


def test_folds_of_a_corpus_of_the_usual_size_are_even_in_frames_and_labels_and_quick():
    table = corpus(300, per_subject=1, most=900)
    start = time.perf_counter()
    splits = k_folds(table, 5, seed=0)
    assert time.perf_counter() - start < 10
    assert splits.imbalance["frames"] < 0.02
    assert max(splits.imbalance.values()) < 0.05
    lengths = np.bincount(table.video_index)
    by_name = dict(zip(table.videos, lengths.tolist(), strict=True))
    shares = [sum(by_name[v] for v in fold.val) / len(table) for fold in splits.folds]
    worst = max(abs(share * 5 - 1) for share in shares)
    assert worst == pytest.approx(splits.imbalance["frames"], abs=1e-3)


def test_balanced_folds_are_more_even_than_random_ones():
    table = corpus(60)
    worst_random = []
    for seed in range(20):
        fold = np.random.default_rng(seed).permutation(60) % 4
        happy = (table.expression.values == 4) & table.expression.valid
        shares = np.bincount(fold[table.video_index], happy, minlength=4) / happy.sum()
        worst_random.append(np.abs(shares * 4 - 1).max())
    balanced = k_folds(table, 4, seed=0).imbalance["Happiness"]
    assert balanced < min(worst_random)


def test_the_same_seed_gives_the_same_folds_and_another_seed_others():
    table = corpus()
    one, again, other = (k_folds(table, 4, seed=s) for s in (3, 3, 4))
    assert one == again
    assert one.digest() == again.digest()
    assert one.folds != other.folds


def test_saved_folds_come_back_and_an_edited_file_is_refused_with_both_hashes(tmp_path):
    splits = k_folds(corpus(), 4, seed=0)
    path = tmp_path / "folds.json"
    digest = save_splits(splits, path)
    assert load_splits(path, corpus()) == splits
    content = json.loads(path.read_text())
    content["splits"]["seed"] = 9
    path.write_text(json.dumps(content))
    with pytest.raises(SplitError, match=f"hash it states, {digest}, got [0-9a-f]{{64}};"):
        load_splits(path)


def test_a_file_that_leaks_is_refused_whatever_its_hash(tmp_path):
    splits = k_folds(corpus(12, per_subject=2), 3, seed=0, kind="subject-disjoint")
    path = tmp_path / "folds.json"
    save_splits(splits, path)
    content = json.loads(path.read_text())
    video = content["splits"]["folds"][0]["val"][0]
    content["splits"]["folds"][0]["train"].append(video)
    path.write_text(json.dumps(content))
    with pytest.raises(SplitError, match=f"no video may be in both .* got {video}"):
        load_splits(path)


def test_a_subject_on_both_sides_is_refused_where_subjects_are_to_be_disjoint():
    splits = k_folds(corpus(12, per_subject=2), 3, seed=0, kind="subject-disjoint")
    val, other = splits.folds[0].val, splits.folds[0].train
    swapped = (*val[1:], other[0]), (*other[1:], val[0])
    with pytest.raises(SplitError, match="fold0: no subject may be in both"):
        replace(
            splits,
            folds=(Fold(name="fold0", val=swapped[0], train=swapped[1]), *splits.folds[1:]),
        )
    with pytest.raises(SplitError, match="validated in exactly one fold"):
        replace(splits, folds=splits.folds[1:])


def test_folds_of_other_annotations_are_refused(tmp_path):
    path = tmp_path / "folds.json"
    save_splits(k_folds(corpus(10), 2, seed=0), path)
    with pytest.raises(SplitError, match=r"got clip0, .* \(10 in all\)"):
        load_splits(path, corpus(10, prefix="clip"))
    with pytest.raises(SplitError, match="subjects in made up video"):
        load_splits(path, corpus(10, per_subject=2))
    path.write_text("{}")
    with pytest.raises(SplitError, match="file must be one of saved splits, got 'splits'"):
        load_splits(path)


def test_more_folds_than_groups_are_refused():
    with pytest.raises(SplitError, match=r"folds must be 2 to 5 .* got 6"):
        k_folds(corpus(5), 6, seed=0)
    with pytest.raises(SplitError, match="got 1"):
        k_folds(corpus(5), 1, seed=0)


def test_a_fold_whose_run_would_lie_elsewhere_is_refused(tmp_path):
    path = tmp_path / "folds.json"
    save_splits(k_folds(corpus(10), 2, seed=0), path)
    path.write_text(path.read_text().replace('"fold0"', '"../fold0"'))
    with pytest.raises(SplitError, match=r"fold must name a file in the same folder"):
        load_splits(path)
