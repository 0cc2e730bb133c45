import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.errors import UsageError
from wildaffect.core.shards import Shard


@given(st.integers(0, 50), st.integers(1, 20))
def test_shards_cover_every_item_once_and_are_about_equal(num_items, count):
    items = list(range(num_items))
    parts = [Shard.parse(f"{number}/{count}").of(items) for number in range(1, count + 1)]
    assert sorted(item for part in parts for item in part) == items
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_without_a_shard_all_items_are_of_the_part():
    assert Shard.parse(None).of("abc") == ["a", "b", "c"]


@pytest.mark.parametrize("given", ["0/3", "4/3", "0/0"])
def test_a_number_outside_the_parts_is_refused_with_the_way_to_number_an_array(given):
    with pytest.raises(UsageError, match=r"parts are numbered from 1 .* --array=1-"):
        Shard.parse(given)


@pytest.mark.parametrize("given", ["3", "a/b", "-1/3", "1/3/5", ""])
def test_other_texts_are_refused(given):
    with pytest.raises(UsageError, match="must be I/N, such as 3/10"):
        Shard.parse(given)
