import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.errors import SplitError
from wildaffect.training.core.dev_split import split_subjects


@given(share=st.floats(0.01, 0.99), seed=st.integers(0, 99))
def test_no_person_is_in_both_parts_and_no_video_is_lost(sequences, share, seed):
    train, dev = split_subjects(sequences, share, seed=seed)
    assert train
    assert dev
    assert {sequence.subject for sequence in train}.isdisjoint(
        sequence.subject for sequence in dev
    )
    assert sorted(sequence.video for sequence in [*train, *dev]) == [
        sequence.video for sequence in sequences
    ]
    wanted = share * len({sequence.subject for sequence in sequences})
    assert abs(len({sequence.subject for sequence in dev}) - wanted) <= 1


def test_seeds_hold_out_different_subjects_and_the_same_seed_the_same_ones(sequences):
    def aside(seed):
        return tuple(
            sequence.video for sequence in split_subjects(sequences, 0.3, seed=seed).dev
        )

    assert aside(1) == aside(1)
    assert len({aside(seed) for seed in range(6)}) > 1


def test_one_person_cannot_be_divided(sequences):
    with pytest.raises(
        SplitError, match="at least two subjects, got 1; keep the last epoch"
    ):
        split_subjects(sequences[:1], 0.2, seed=0)
