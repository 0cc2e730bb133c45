import errno
import json
import os

import av
import cv2
import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import UnreadableVideo, UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.engines.engine import InProcess
from wildaffect.features.extract import ExtractOptions, ExtractPlan
from wildaffect.features.extract_all import extract_all
from wildaffect.features.extract_sources import content_sha256, find_extract_sources
from wildaffect.features.geometry import GEOMETRY_COLUMNS
from wildaffect.features.sets import FeatureSet, geometry_set, measured_sets
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.runtime.network import Device


@pytest.fixture
def tree(tmp_path, portrait):
    """Two videos in the layout of cropped_aligned; one frame of the first has no face."""
    crop = cv2.resize(portrait[60:172, 170:282], (112, 112))
    for name, image in {
        "one_left/00004.jpg": crop,
        "one_left/00019.jpg": np.full_like(crop, 90),
        "one_left/00502.jpg": crop,
        "two/00001.jpg": crop,
    }.items():
        path = tmp_path / "cropped_aligned" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    return tmp_path / "cropped_aligned"


def write_clip(path, portrait, num_frames=8):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 512
        for _ in range(num_frames):
            frame = av.VideoFrame.from_ndarray(portrait, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def extract(inputs, store, sets, images="crops", **options):
    plan = ExtractPlan(
        store=store.root,
        sets=tuple(sets),
        options=ExtractOptions(device=Device(), **options),
    )
    jobs = find_extract_sources(inputs, images)
    engine = InProcess(plan.worker)
    done = extract_all(
        jobs, store, engine, on_video=lambda *_: None, on_frame=lambda *_: None
    )
    return list(done.videos)


def test_image_trees_keep_the_numbers_of_their_names_and_leave_out_faceless_frames(
    tree, tmp_path
):
    store = FeatureStore(tmp_path / "store")
    one, two = extract([tree], store, [geometry_set()])
    assert (one.video, one.num_frames, one.num_faces, one.num_faceless) == (
        "one_left", 3, 2, 1,
    )  # fmt: skip
    assert two.status == "done"
    stored = store.open(EntryName("geometry", "one_left", "0"))
    assert stored.frame_number.tolist() == [4, 502]
    np.testing.assert_allclose(stored.time_s, [4 / 30, 502 / 30])
    assert stored.sidecar.numbering == "named"
    assert stored.sidecar.time_is_guessed
    row = dict(zip(GEOMETRY_COLUMNS, stored.read()[0].tolist(), strict=True))
    assert row["blendshape_mouthSmileLeft"] > 0.5  # she smiles and shows her teeth
    # the mean face at rest has 0.55, 0.82 and 0.06
    assert 0.6 < row["mouth_width"] < 0.9
    assert row["corner_eye_left"] < 0.8
    assert row["lip_gap"] > 0.06


def mean_of_crops(faces):
    return np.stack([face.crops[0].mean((0, 1)) for face in faces])


def mean_color(name):
    """Return a set of three columns: the mean of each channel of the crop."""
    return FeatureSet(
        name=name,
        columns=("r", "g", "b"),
        start=lambda: mean_of_crops,
        weights_sha256="0" * 64,
        preprocess=Preprocess(size_px=56, mean=(0.5,) * 3, std=(0.5,) * 3),
    )


def test_aligned_crops_are_embedded_as_they_are_and_none_is_lost(tree, tmp_path):
    store = FeatureStore(tmp_path / "store")
    one, two = extract([tree], store, [mean_color("color")], images="aligned")
    assert (one.num_frames, one.num_faces, one.num_faceless) == (3, 3, 0)
    stored = store.open(EntryName("color", "one_left", "0"))
    assert stored.frame_number.tolist() == [4, 19, 502]
    assert stored.sidecar.numbering == "named"
    whole = cv2.imread(str(tree / "one_left" / "00004.jpg"))[..., ::-1].mean((0, 1))
    np.testing.assert_allclose(stored.read()[0], whole, atol=0.5)
    np.testing.assert_allclose(stored.read()[1], 90, atol=0.5)  # no face in it
    assert two.status == "done"


def test_aligned_crops_are_another_source_than_those_to_be_found_anew(tree, tmp_path):
    store = FeatureStore(tmp_path / "store")
    extract([tree], store, [mean_color("color")], images="aligned")
    one, _ = extract([tree], store, [mean_color("color")])
    assert "content_sha256 must be" in one.error


def test_a_wide_picture_is_refused_as_an_aligned_crop(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    cv2.imwrite(str(folder / "00001.jpg"), np.zeros((10, 30, 3), np.uint8))
    store = FeatureStore(tmp_path / "store")
    (one,) = extract([folder], store, [mean_color("color")], images="aligned")
    assert one.status == "failed"
    assert "frame 1: a crop must be square, got 30 x 10; cut faces out" in one.error


def test_nothing_is_measured_on_aligned_crops(tree, tmp_path, capsys):
    words = ["extract", str(tree), "--images-as", "aligned", "-o", str(tmp_path / "store")]
    assert main(words) == 2
    assert (
        "feature_sets: must be backbones for aligned images, got" in capsys.readouterr().err
    )


def test_videos_keep_their_clock_and_what_is_finished_is_not_done_again(tmp_path, portrait):
    clip = write_clip(tmp_path / "clip.mp4", portrait)
    store = FeatureStore(tmp_path / "store")
    (done,) = extract([clip], store, measured_sets(["geometry", "mesh"]))
    assert (done.status, done.num_frames, done.num_faces, done.num_tracks) == (
        "done", 8, 8, 1,
    )  # fmt: skip
    stored = store.open(EntryName("geometry", "clip", "0"))
    np.testing.assert_allclose(stored.time_s, np.arange(8) / 25)
    assert stored.frame_number.tolist() == list(range(8))
    assert stored.sidecar.numbering == "video"
    assert store.open(EntryName("mesh", "clip", "0")).read().shape == (8, 1434)
    (again,) = extract([clip], store, [geometry_set()])
    assert again.status == "finished before"


def test_features_of_another_version_of_a_video_are_refused_unless_replaced(tree, tmp_path):
    store = FeatureStore(tmp_path / "store")
    extract([tree], store, [geometry_set()])
    (tree / "two" / "00001.jpg").rename(tree / "two" / "00002.jpg")
    one, two = extract([tree], store, [geometry_set()])
    assert one.status == "finished before"
    assert two.status == "failed"
    assert "content_sha256 must be" in two.error
    _, two = extract([tree], store, [geometry_set()], replace=True)
    assert two.status == "done"
    assert store.open(EntryName("geometry", "two", "0")).frame_number.tolist() == [2]


def test_one_file_that_cannot_be_read_does_not_stop_the_others(tmp_path, portrait):
    (tmp_path / "a_broken.mp4").write_bytes(b"no video at all")
    write_clip(tmp_path / "b.mp4", portrait)
    store = FeatureStore(tmp_path / "store")
    broken, good = extract(
        [tmp_path / "a_broken.mp4", tmp_path / "b.mp4"], store, [geometry_set()]
    )
    assert broken.status == "failed"
    assert "a_broken.mp4: not a video" in broken.error
    assert good.status == "done"


def test_a_video_without_a_face_is_finished_too(tmp_path, portrait):
    write_clip(tmp_path / "gray.mp4", np.full_like(portrait, 90))
    store = FeatureStore(tmp_path / "store")
    (done,) = extract([tmp_path / "gray.mp4"], store, [geometry_set()])
    assert (done.num_tracks, done.num_faceless) == (0, 8)
    assert len(store.open(EntryName("geometry", "gray", "0"))) == 0
    assert extract([tmp_path / "gray.mp4"], store, [geometry_set()])[0].status == (
        "finished before"
    )


def test_images_that_do_not_decode_are_counted_and_named_and_the_rest_is_stored(
    tree, tmp_path, capsys
):
    (tree / "one_left" / "00007.jpg").write_bytes(b"no image at all")
    store = tmp_path / "store"
    assert main(["extract", str(tree), "-o", str(store), "--json", "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert "one_left: frames: 1 not decodable and left out (7)" in err
    record = json.loads(out)
    total = {name: record[name] for name in record if name.startswith("num_")}
    assert total == {
        "num_videos": 2, "num_done": 2, "num_before": 0, "num_failed": 0,
        "num_not_begun": 0, "num_frames": 4, "num_faces": 3, "num_faceless": 1,
        "num_clips": 0, "num_short": 0, "num_unreadable": 1,
    }  # fmt: skip
    assert record["frames_per_s"] == pytest.approx(4 / record["seconds"], rel=0.05)
    stored = FeatureStore(store).open(EntryName("geometry", "one_left", "0"))
    assert stored.frame_number.tolist() == [4, 502]


def test_a_full_disk_is_reported_and_keeps_what_was_stored(
    tree, tmp_path, monkeypatch, capsys
):
    (tree / "three").mkdir()
    (tree / "three" / "1.jpg").write_bytes((tree / "two" / "00001.jpg").read_bytes())
    real, calls = os.fsync, []

    def fill_up(descriptor):
        calls.append(descriptor)
        if len(calls) > 6:  # the sidecar of the second video; each file, then its folder
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    store = tmp_path / "store"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fill_up)
        assert main(["extract", str(tree), "-o", str(store), "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert "features cannot be written: No space left on device; what was stored" in err
    assert "1 videos extracted, 0 finished before, 1 failed, 1 not begun" in out
    assert [name.video for name in FeatureStore(store).entries()] == ["one_left"]
    assert sum(path.is_file() for path in store.rglob("*")) == 2  # nothing lies about
    assert main(["extract", str(tree), "-o", str(store), "--quiet"]) == 0
    assert "2 videos extracted, 1 finished before, 0 failed" in capsys.readouterr().out


def test_a_backbone_plugs_in_with_its_own_crop(tree, tmp_path):
    preprocess = Preprocess(size_px=32, mean=(0.5,) * 3, std=(0.5,) * 3)

    def embed(faces):
        assert all(len(face.crops) == 1 for face in faces)
        return np.stack([face.crops[0].mean((0, 1)) for face in faces]).astype(np.float32)

    colors = FeatureSet(
        name="colors",
        columns=("red", "green", "blue"),
        start=lambda: embed,
        weights_sha256="w",
        preprocess=preprocess,
    )
    store = FeatureStore(tmp_path / "store")
    extract([tree], store, [geometry_set(), colors])
    stored = store.open(EntryName("colors", "two", "0"))
    assert stored.sidecar.provenance.preprocess_sha256 == preprocess.digest()
    red, green, blue = stored.read()[0].tolist()
    assert red > green > blue  # a face


def test_sources_that_would_collide_or_has_no_numbers_is_refused(tree, tmp_path, portrait):
    write_clip(tmp_path / "two.mp4", portrait)
    with pytest.raises(UsageError, match="names of their own in the store, got 'two'"):
        find_extract_sources([tree, tmp_path / "two.mp4"], "crops")
    image = (tree / "two" / "00001.jpg").rename(tree / "two" / "face.jpg")
    with pytest.raises(UsageError, match=r"named by frame number, as 00001\.jpg, got face"):
        find_extract_sources([tree], "crops")
    image.rename(tree / "two" / "1.jpg")
    (tree / "two" / "01.png").write_bytes((tree / "two" / "1.jpg").read_bytes())
    with pytest.raises(UsageError, match="frame numbers must be used once"):
        find_extract_sources([tree], "crops")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableVideo, match="neither videos nor images"):
        find_extract_sources([tmp_path / "empty"], "crops")
    with pytest.raises(UsageError, match="must be among geometry, mesh, got 'sift'"):
        measured_sets(["sift"])


def test_the_digest_of_a_folder_changes_with_names_bytes_and_meaning(tree):
    digests = {
        content_sha256(find_extract_sources([tree], kind)[1])
        for kind in ("crops", "sequence")
    }
    path = tree / "two" / "00001.jpg"
    path.write_bytes(path.read_bytes() + b" ")
    digests.add(content_sha256(find_extract_sources([tree], "crops")[1]))
    path.rename(tree / "two" / "00009.jpg")
    digests.add(content_sha256(find_extract_sources([tree], "crops")[1]))
    assert len(digests) == 4


@pytest.mark.e2e
def test_the_command_extracts_reports_and_says_when_something_failed(
    tree, tmp_path, capsys
):
    store = str(tmp_path / "store")
    assert main(["extract", str(tree), "-o", store, "--quiet"]) == 0
    assert "2 videos extracted, 0 finished before, 0 failed; 4 frames, 3 faces" in (
        capsys.readouterr().out
    )
    (tmp_path / "bad.mp4").write_bytes(b"x")
    inputs = [str(tree), str(tmp_path / "bad.mp4")]
    assert main(["extract", *inputs, "-o", store, "--json", "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert [video["status"] for video in json.loads(out)["videos"]] == [
        "finished before", "finished before", "failed",
    ]  # fmt: skip
    assert "bad.mp4" in err
    assert main(["extract", str(tree), "-o", inputs[1], "--quiet"]) == 1
    assert "feature store must be a folder to write to" in capsys.readouterr().err
    assert main(["extract", "-o", store]) == 2
    assert main(["extract", "none.mp4", "-o", store, "--quiet"]) == 1
    assert "none.mp4: no such file or folder" in capsys.readouterr().err


@pytest.mark.e2e
def test_the_command_imports_a_file(tmp_path, capsys):
    np.savez(tmp_path / "x.npz", **{"v/feature": np.ones((3, 2))})
    given = ["features", "import", str(tmp_path / "x.npz"), "--name", "mae"]
    assert main([*given, "-o", str(tmp_path / "store")]) == 0
    assert "1 videos, 3 rows as 'mae'" in capsys.readouterr().out
    assert main(["features", "import", "none.npz", "--name", "x", "-o", "s"]) == 1
    assert "none.npz: file must exist" in capsys.readouterr().err
