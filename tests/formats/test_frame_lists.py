import pytest

from wildaffect.core.errors import BadAnnotation
from wildaffect.formats.frame_lists import HEADERS, Track, read_frame_list


def put(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_rows_may_end_in_a_comma_under_the_annotation_header(tmp_path):
    listed = read_frame_list(
        put(
            tmp_path / "MTL.txt",
            "image,valence,arousal,expression,aus",
            "video45_1/00001.jpg,",
        )
    )
    assert listed.images == ("video45_1/00001.jpg",)
    assert listed.track is Track.MTL


def test_repeats_and_order_are_kept(tmp_path):
    rows = ["b/00002.jpg", "a/00001.jpg", "b/00002.jpg"]
    listed = read_frame_list(put(tmp_path / "l.txt", "image", *rows))
    assert list(listed.images) == rows
    assert listed.lines.tolist() == [2, 3, 4]
    assert listed.track is None


@pytest.mark.parametrize("track", [Track.VA, Track.EXPR, Track.AU])
def test_the_header_of_a_sample_file_gives_the_track(tmp_path, track):
    listed = read_frame_list(
        put(tmp_path / "l.txt", HEADERS[track], "2-30-640x360/00001.jpg,")
    )
    assert listed.track is track


def test_a_list_without_header_begins_with_its_first_image(tmp_path):
    listed = read_frame_list(put(tmp_path / "l.txt", "v/00001.jpg", "v/00002.jpg"))
    assert listed.lines.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["image", "v/00001.jpg", "", "v/00002.jpg"], r":3: .*blank line"),
        (["image", "video45_1"], r":2: .*list of videos requests"),
        (["image"], "without rows"),
    ],
)
def test_a_list_that_names_no_image_is_refused(tmp_path, lines, words):
    with pytest.raises(BadAnnotation, match=words):
        read_frame_list(put(tmp_path / "l.txt", *lines))
