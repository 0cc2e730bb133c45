import pytest

from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry


@pytest.fixture
def shapes():
    return Registry("shape", "wildaffect.test_shapes", {"circle": 1}, hint="Sizes count.")


def test_registered_parts_are_found_and_listed_behind_those_of_the_library(shapes):
    shapes.register("square", 4)
    assert list(shapes) == ["circle", "square"]
    assert shapes.find("square") == 4
    assert len(shapes) == 2
    assert "triangle" not in shapes


def test_an_unknown_name_suggests_the_nearest_and_says_how_to_add_one(shapes):
    message = (
        r"no shape 'circel'; did you mean circle\? Sizes count\. Your own must be "
        r"registered first, or be an entry point in wildaffect\.test_shapes"
    )
    with pytest.raises(UsageError, match=message):
        shapes.find("circel")


def test_an_unknown_name_with_no_near_one_lists_all_or_says_where_they_are(shapes):
    with pytest.raises(UsageError, match=r"no shape 'xyz'; known: circle\. Sizes count\. "):
        shapes.find("xyz")
    listed = Registry("shape", "wildaffect.test_shapes", {"circle": 1}, listed_by="shapes")
    with pytest.raises(UsageError, match=r"'xyz'; `shapes` shows all\. Your own must be"):
        listed.find("xyz")
    with pytest.raises(UsageError, match="'xyz'; your own must be registered first"):
        Registry("shape", "wildaffect.test_shapes").find("xyz")


def test_a_taken_name_is_refused_unless_it_is_to_be_replaced(shapes):
    with pytest.raises(ValueError, match="'circle' is taken"):
        shapes.register("circle", 2)
    shapes.register("circle", 2, replace=True)
    assert shapes.find("circle") == 2


def test_an_empty_name_is_refused(shapes):
    with pytest.raises(ValueError, match="must not be empty"):
        shapes.register("", 3)
