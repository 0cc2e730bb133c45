import os

import pytest

from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.resume import is_finished, stamp
from wildaffect.outputs.sidecar import Provenance, sidecar_path
from wildaffect.outputs.table import TableWriter


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")
    return path


def made_from(clip, **options):
    return Provenance(source=stamp(clip), artifact={"sha256": "a"}, options=options)


def analyze(result, provenance, row, error=None):
    with TableWriter(result, result_schema(), provenance) as writer:
        writer.write([row()])
        if error:
            writer.mark_incomplete(error)
    return result


def test_a_whole_result_of_the_same_input_and_options_is_finished(tmp_path, clip, row):
    result = analyze(tmp_path / "x.csv", made_from(clip, every=2), row)
    assert is_finished(result, made_from(clip, every=2))


def test_other_options_another_artifact_or_a_changed_input_are_not(tmp_path, clip, row):
    result = analyze(tmp_path / "x.csv", made_from(clip, every=2), row)
    assert not is_finished(result, made_from(clip, every=3))
    other = Provenance(source=stamp(clip), artifact={"sha256": "b"}, options={"every": 2})
    assert not is_finished(result, other)
    os.utime(clip, ns=(0, 12345))
    assert not is_finished(result, made_from(clip, every=2))


def test_missing_incomplete_cut_and_unexplained_results_are_redone(tmp_path, clip, row):
    provenance = made_from(clip)
    assert not is_finished(tmp_path / "none.csv", provenance)
    partly = analyze(tmp_path / "partly.csv", provenance, row, error="frame 3: data ends")
    assert not is_finished(partly, provenance)
    cut = analyze(tmp_path / "cut.csv", provenance, row)
    cut.write_bytes(cut.read_bytes()[:-5])
    assert not is_finished(cut, provenance)
    alone = analyze(tmp_path / "alone.csv", provenance, row)
    sidecar_path(alone).write_text("{broken")
    assert not is_finished(alone, provenance)
    sidecar_path(alone).unlink()
    assert not is_finished(alone, provenance)


def test_a_folder_of_images_is_stamped_by_its_files(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"1")
    before = stamp(folder)
    (folder / "b.png").write_bytes(b"2")
    assert stamp(folder) != before
