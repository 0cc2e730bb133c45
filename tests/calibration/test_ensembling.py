import dataclasses

import numpy as np
import pytest

from wildaffect.calibration.ensembling import average, centering, correlations
from wildaffect.calibration.selection import select_members
from wildaffect.core.errors import BadOutputs
from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.metrics.agreement import concordance_correlation


def with_probs(outputs, change):
    """The same videos with other values of some tasks."""
    return [
        dataclasses.replace(output, probs={**output.probs, **change(index, output)})
        for index, output in enumerate(outputs)
    ]


def noisier(outputs, seed, noise):
    """A member with errors of its own in everything it says."""

    def change(index, one):
        rng = np.random.default_rng([seed, index])
        powers = one.probs[Task.EXPRESSION] * np.exp(noise * rng.normal(size=(len(one), 8)))
        units = one.probs[Task.ACTION_UNITS] + 0.2 * noise * rng.normal(size=(len(one), 12))
        changed = {
            Task.EXPRESSION: powers / powers.sum(1, keepdims=True),
            Task.ACTION_UNITS: np.clip(units, 0, 1),
        }
        for task in (Task.VALENCE, Task.AROUSAL):
            values = one.probs[task] + 0.3 * noise * rng.normal(size=len(one))
            changed[task] = np.clip(values, -1, 1)
        return {task: values.astype(np.float32) for task, values in changed.items()}

    return with_probs(outputs, change)


def scaled(outputs, scale, offset):
    return with_probs(
        outputs,
        lambda _, one: {
            Task.VALENCE: (scale * one.probs[Task.VALENCE] + offset).astype(np.float32)
        },
    )


def test_members_are_averaged_by_weight_and_their_spread_is_reported(noisy_model):
    base = noisy_model(num_videos=2, num_rows=20)[0]
    other = noisier(base, 1, 1.0)
    mixed = average([base, other], [3.0, 1.0])
    for item, first, second in zip(mixed, base, other, strict=True):
        for task in ABAW_TASKS:
            a, b = first.probs[task].astype(float), second.probs[task].astype(float)
            np.testing.assert_allclose(item.probs[task], 0.75 * a + 0.25 * b, atol=1e-6)
            spread = np.sqrt(0.75 * 0.25) * np.abs(a - b)
            np.testing.assert_allclose(item.spread[task], spread, atol=1e-6)
        np.testing.assert_array_equal(item.frame_number, first.frame_number)


def only(outputs, *tasks):
    """The same of some tasks alone."""
    return [
        dataclasses.replace(output, probs={task: output.probs[task] for task in tasks})
        for output in outputs
    ]


VA = (Task.VALENCE, Task.AROUSAL)


def test_each_task_is_averaged_over_the_members_that_predict_it(noisy_model):
    base = noisy_model(num_videos=2, num_rows=20)[0]
    other = noisier(base, 1, 1.0)
    members = [only(base, *VA), only(other, Task.EXPRESSION), other]
    (mixed, _) = average(members, [3.0, 5.0, 1.0])
    expected = average([base, other], [3.0, 1.0])[0]
    for task in VA:
        np.testing.assert_allclose(mixed.probs[task], expected.probs[task], atol=1e-6)
        np.testing.assert_allclose(mixed.spread[task], expected.spread[task], atol=1e-6)
    for task in (Task.EXPRESSION, Task.ACTION_UNITS):
        np.testing.assert_allclose(mixed.probs[task], other[0].probs[task], atol=1e-6)
    assert Task.ACTION_UNITS not in mixed.spread
    assert list(mixed.probs) == list(ABAW_TASKS)


def test_members_are_centered_and_compared_among_those_that_predict_a_task(noisy_model):
    base = noisy_model(num_videos=2, num_rows=50)[0]
    unrelated = only(base, Task.EXPRESSION)
    members = [base, unrelated, scaled(base, 0.2, 0.3)]
    affines = centering(members)
    assert affines[1] == {}
    assert affines[::2] == centering(members[::2])
    alike = correlations(members)
    assert alike[Task.VALENCE][0, 2] == pytest.approx(1.0, abs=1e-5)
    assert np.isnan(alike[Task.VALENCE][1]).all()
    assert alike[Task.EXPRESSION][0, 1] == pytest.approx(1.0)


def test_selection_covers_every_task_before_it_looks_at_scores(noisy_model):
    base, targets = noisy_model(num_videos=6, num_rows=60, noise=0.2)
    unrelated = noisy_model(seed=9, num_videos=6, num_rows=60)[0]
    names = [item.video for item in base]
    folds = [names[::2], names[1::2]]
    members = [
        only(base, *VA),
        only(base, Task.EXPRESSION),
        only(unrelated, Task.ACTION_UNITS),
        only(unrelated, *VA),
    ]
    chosen = select_members(members, targets, folds, max_picks=5)
    assert min(chosen.counts[:3]) >= 1
    assert chosen.counts[3] == 0
    expected = select_members([base], targets, folds, max_picks=1)
    found, best = (item.out_of_sample.pooled() for item in (chosen, expected))
    assert float(found.ccc_valence) == pytest.approx(float(best.ccc_valence))
    with pytest.raises(BadOutputs, match=r"max_picks must reach .* got 2 without"):
        select_members(members, targets, folds, max_picks=2)


def test_one_member_is_itself(noisy_model):
    base = noisy_model(num_videos=1, num_rows=20)[0]
    (one,) = average([base])
    for task in ABAW_TASKS:
        np.testing.assert_array_equal(one.probs[task], base[0].probs[task])
    assert not one.spread


def test_centering_gives_members_one_mean_and_one_spread(noisy_model):
    base = noisy_model(num_videos=3, num_rows=100)[0]
    members = [base, scaled(base, 0.2, 0.3)]
    affines = centering(members, [2.0, 1.0])
    pooled = [np.concatenate([o.probs[Task.VALENCE] for o in m]) for m in members]
    moved = [
        a[Task.VALENCE].scale * values + a[Task.VALENCE].offset
        for a, values in zip(affines, pooled, strict=True)
    ]
    np.testing.assert_allclose(moved[0], moved[1], atol=1e-5)
    assert moved[0].std() == pytest.approx((2 * pooled[0].std() + pooled[1].std()) / 3)


def test_centering_helps_the_ccc_where_a_member_has_a_scale_of_its_own(noisy_model):
    base, targets = noisy_model(num_videos=6, noise=0.1)
    members = [noisier(base, 1, 2.0), scaled(noisier(base, 2, 2.0), 0.15, 0.0)]
    truth = np.concatenate([targets[item.video].valence.values for item in base])

    def ccc(outputs):
        predicted = np.concatenate([output.probs[Task.VALENCE] for output in outputs])
        return concordance_correlation(truth, predicted)

    plain = ccc(average(members))
    assert ccc(average(members, rescaling=centering(members))) > plain + 0.03


def test_a_member_that_never_moves_keeps_its_scale(noisy_model):
    base = noisy_model(num_videos=2, num_rows=20)[0]
    affines = centering([base, scaled(base, 0.0, 0.3)])
    assert affines[1][Task.VALENCE].scale == 1.0


def test_members_that_agree_correlate_and_unrelated_ones_do_not(noisy_model):
    base = noisy_model(num_videos=4)[0]
    unrelated = noisy_model(seed=5, num_videos=4)[0]
    alike = correlations([base, scaled(base, -0.5, 0.2), unrelated])
    np.testing.assert_allclose(np.diag(alike[Task.EXPRESSION]), 1.0)
    assert alike[Task.VALENCE][0, 1] == pytest.approx(-1.0, abs=1e-5)
    assert alike[Task.ACTION_UNITS][0, 1] == pytest.approx(1.0)
    assert np.abs(alike[Task.ACTION_UNITS][0, 2]) < 0.3
    np.testing.assert_allclose(alike[Task.AROUSAL], alike[Task.AROUSAL].T)
    still = correlations([base, scaled(base, 0.0, 0.0)])
    assert np.isnan(still[Task.VALENCE][0, 1])


def test_selection_leaves_out_a_member_that_says_nothing_and_gains_on_held_out_videos(
    noisy_model,
):
    base, targets = noisy_model(num_videos=9, num_rows=150, noise=0.3)
    members = [noisier(base, seed, 1.5) for seed in (1, 2, 3)]
    members.append(noisy_model(seed=9, num_videos=9, num_rows=150)[0])
    names = [item.video for item in base]
    chosen = select_members(members, targets, [names[i::3] for i in range(3)], max_picks=6)
    assert chosen.counts[3] == 0
    assert min(chosen.counts[:3]) >= 1
    held = chosen.out_of_sample.pooled().p_mtl
    alone = [
        select_members([m], targets, [names[i::3] for i in range(3)], max_picks=1)
        for m in members
    ]
    assert held > max(item.out_of_sample.pooled().p_mtl for item in alone) + 0.05
    assert len(chosen.fold_counts) == 3
    assert chosen.in_sample.pooled().p_mtl >= held - 0.02


def test_what_members_differ_in_is_named(noisy_model):
    base = noisy_model(num_videos=2, num_rows=20)[0]
    with pytest.raises(BadOutputs, match="members must be at least one"):
        average([])
    with pytest.raises(BadOutputs, match=r"member 1 .* got 1 for 2; in one only: video1"):
        average([base, base[:1]])
    late = [dataclasses.replace(o, frame_number=o.frame_number + 1) for o in base]
    with pytest.raises(BadOutputs, match="video0: frames must be those of member 0"):
        average([base, late])
    bare = only(base, Task.VALENCE)
    with pytest.raises(
        BadOutputs, match=r"video1: tasks must be those of video0 .* valence"
    ):
        average([base, [base[0], bare[1]]])
    with pytest.raises(BadOutputs, match=r"member 1 .* must predict a task at least"):
        average([base, only(base)])
    narrow = with_probs(
        base, lambda _, o: {Task.ACTION_UNITS: o.probs[Task.ACTION_UNITS][:, :5]}
    )
    with pytest.raises(
        BadOutputs, match=r"action_units must have as many labels .* \(5,\)"
    ):
        average([base, narrow])
    with pytest.raises(BadOutputs, match="weights must be positive, one for each of 1"):
        average([base], [0.0])
