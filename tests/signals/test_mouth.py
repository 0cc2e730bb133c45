import pytest

from wildaffect.signals.mouth import mouth_open


@pytest.mark.parametrize(
    ("gap", "width", "expected"),
    [(0, 10, 0), (2.5, 10, 0.25), (10, 10, 1), (14, 10, 1), (0, 0, 0)],
)
def test_the_mouth_is_open_by_height_over_width_up_to_one(face, gap, width, expected):
    assert mouth_open(face(lips=(gap, width))) == pytest.approx(expected)


def test_size_of_the_face_does_not_matter(face):
    assert mouth_open(face(lips=(3, 12))) == pytest.approx(mouth_open(face(lips=(30, 120))))
