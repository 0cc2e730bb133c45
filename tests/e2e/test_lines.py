"""`analyze -o -`: JSON Lines on standard output."""

import pytest

pytestmark = pytest.mark.e2e


def test_standard_output_gets_the_lines_of_the_table(
    analyze, clip, portrait_path, tmp_path
):
    assert analyze(clip, portrait_path, "-o", tmp_path, "--format", "jsonl").status == 0
    printed = analyze(clip, portrait_path, "-o", "-")
    assert printed.status == 0
    tables = sorted(tmp_path.glob("*.jsonl"), key=lambda path: path.stem != clip.stem)
    assert printed.out == "".join(path.read_text() for path in tables)
    assert "1 image, 21 faces" in printed.err


def test_a_file_that_cannot_be_read_costs_itself_alone(analyze, clip, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    printed = analyze(broken, clip, "-o", "-", "--quiet")
    assert printed.status == 1
    assert printed.out.count("\n") == 20
    assert f"{broken}: not a video" in printed.err


def test_a_copied_video_that_breaks_off_has_the_name_that_was_given(
    analyze, clip, tmp_path
):
    pytest.importorskip("fsspec")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-2000])
    printed = analyze(f"file://{cut}", "-o", "-", "--quiet")
    assert printed.status == 1
    assert 0 < printed.out.count("\n") < 20
    assert printed.err.startswith(f"wildaffect: file://{cut}: ")


def test_a_closed_pipe_ends_the_command_quietly(clip, in_child):
    child = in_child("analyze", clip, clip.parent, "-o", "-", "--quiet")
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(timeout=60) == 141
    assert child.stderr.read() == ""
    child.stderr.close()


@pytest.mark.parametrize(
    ("option", "name"),
    [
        (["--overlay"], "overlay"),
        (["--resume"], "resume"),
        (["--workers", "2"], "workers"),
    ],
)
def test_options_that_need_files_are_refused(analyze, clip, option, name):
    printed = analyze(clip, "-o", "-", *option)
    assert printed.status == 2
    assert f"{name}: must not be used where rows go to standard output" in printed.err
    assert printed.out == ""
