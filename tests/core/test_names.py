import pytest

from wildaffect.core.names import check_bare_name, is_inside

OUTSIDE = ["", "/etc/passwd", "../a", "a/../../b", "..", "C:/a", "C:a", "a\\..\\b", "a\0b"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_out_of_their_folder_are_refused(name):
    assert not is_inside(name)
    with pytest.raises(ValueError, match="file must name a file in the same folder, got"):
        check_bare_name("file", name)


@pytest.mark.parametrize("name", ["a/b", "./a", ".", "a/"])
def test_a_bare_name_has_no_folder(name):
    with pytest.raises(ValueError, match="same folder"):
        check_bare_name("file", name)


@pytest.mark.parametrize("name", ["a", "a..b", "...", ".hidden", "video 1.mp4", "é.csv"])
def test_plain_names_are_kept(name):
    assert is_inside(name)
    check_bare_name("file", name)
