"""The same pictures give the same rows, however they are read, fed and placed."""

import av
import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.analysis.options import build_analyzer
from wildaffect.core.frames import Frame
from wildaffect.inference import analyzer as analyzer_module
from wildaffect.outputs.table import read_table
from wildaffect.runtime.network import Device
from wildaffect.video.read import open_source

FPS = 25.0
IRISES = (468, 473)


def frames_of(images):
    return [Frame(index=i, time_s=i / FPS, rgb=rgb) for i, rgb in enumerate(images)]


@pytest.fixture(scope="module")
def images(portrait_views):
    return portrait_views(20)


@pytest.fixture(scope="module")
def analyzer():
    return build_analyzer()


@pytest.fixture(scope="module")
def rows(analyzer, images):
    return list(analyzer.run(frames_of(images)))


def numbers(row):
    affect = row.affect
    return np.concatenate(
        [
            [
                row.frame_index,
                row.time_s,
                row.face.track_id,
                affect.valence,
                affect.arousal,
            ],
            row.face.landmarks_xyz.ravel(),
            row.face.blendshapes,
            affect.expression_probs,
            affect.action_unit_probs,
        ]
    )


def assert_same(rows, others, *, atol=0.0):
    assert len(rows) == len(others)
    for row, other in zip(rows, others, strict=True):
        np.testing.assert_allclose(numbers(row), numbers(other), rtol=0, atol=atol)


def assert_same_person(
    alone, together, track_id, *, shift_px=0, delay=0, median_differ=0.02
):
    """Every row of one track equals that of the person alone, delayed and shifted.

    Landmarks in units of the distance between the eyes. The detector sees another picture
    and so begins the mesh from another square; that difference fades, but for rounding.
    """
    expected = {row.frame_index + delay: row for row in alone if row.face}
    found = {
        row.frame_index: row
        for row in together
        if row.face and row.face.track_id == track_id
    }
    assert found.keys() == expected.keys()
    moved, differ = [], []
    for index, row in expected.items():
        mesh, other = row.face.landmarks_xyz[:, :2], found[index].face.landmarks_xyz[:, :2]
        eyes_px = np.linalg.norm(np.subtract(*mesh[list(IRISES)]))
        moved.append(np.abs(other - [shift_px, 0] - mesh).max() / eyes_px)
        a, b = row.affect, found[index].affect
        values = [[a.valence - b.valence, a.arousal - b.arousal]]
        values += [a.expression_probs - b.expression_probs]
        values += [a.action_unit_probs - b.action_unit_probs]
        differ.append(np.nanmax(np.abs(np.concatenate(values))))
    assert max(moved) < 0.02
    assert np.median(moved) < 0.003
    assert max(differ) < 0.10
    assert np.median(differ) < median_differ


def test_a_second_run_gives_the_same_rows_to_the_last_bit(analyzer, images, rows):
    assert len(rows) == 20
    assert_same(rows, list(analyzer.run(frames_of(images))))


@pytest.mark.slow
@pytest.mark.parametrize("depth", [1, 16])
def test_depth_of_prefetching_changes_nothing(analyzer, images, rows, monkeypatch, depth):
    for frames in ("PREFETCH_FRAMES", "TRACKED_FRAMES", "MEASURED_FRAMES"):
        monkeypatch.setattr(analyzer_module, frames, depth)
    assert_same(rows, list(analyzer.run(frames_of(images))))


def test_network_threads_change_rounding_alone(images, rows):
    two = build_analyzer(device=Device(threads=2))
    assert_same(rows, list(two.run(frames_of(images))), atol=2e-3)


def test_decoder_threads_change_nothing(analyzer, clip):
    predicted = []
    for threads in (1, 2, 3):
        with open_source(clip, decoder_threads=threads) as reader:
            predicted.append(list(analyzer.run(reader)))
    assert len(predicted[0]) == 20
    assert_same(predicted[0], predicted[1])
    assert_same(predicted[0], predicted[2])


@pytest.mark.slow
def test_stream_gives_the_rows_of_analyze_and_takes_any_iterable(clip):
    table = wildaffect.analyze(clip).table
    with open_source(clip) as reader:
        held = list(reader)
    for frames in (held, iter(held), (frame for frame in held)):
        streamed = list(wildaffect.stream(frames, live=False))
        assert [row.frame_index for row in streamed] == table["frame"].to_pylist()
        valence = [np.float32(row.affect.valence) for row in streamed]
        np.testing.assert_array_equal(valence, table["valence"].to_numpy())
        for name in ("gaze_yaw_deg", "mouth_open", "eye_closure_left"):
            signal = [np.float32(getattr(row.signals, name)) for row in streamed]
            assert signal == table[name].to_pylist()


@pytest.mark.slow
def test_a_live_stream_answers_while_frames_still_come(images):
    drawn = []

    def feed():
        for frame in frames_of(images * 3):
            drawn.append(frame.index)
            yield frame

    stream = wildaffect.stream(feed(), live=True)
    first = next(stream)
    assert first.frame_index == 0
    assert len(drawn) < 40  # of 60: run-up of a track, reach of the smoothing, prefetching
    assert len([first, *stream]) == 60


def test_a_lossless_video_equals_its_own_frames_as_png(images, save_clip, tmp_path):
    video, folder = tmp_path / "video.mkv", tmp_path / "frames"
    folder.mkdir()
    with av.open(video, "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 240, 180, "bgr0"
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="bgr0")
            frame.pts = i
            output.mux(stream.encode(frame))
            cv2.imwrite(str(folder / f"{i:04d}.png"), image[..., ::-1])
        output.mux(stream.encode(None))
    from_video = wildaffect.analyze(video, landmarks=True, measurements=True).table
    from_images = wildaffect.analyze(
        folder, images_as="sequence", fps=25, landmarks=True, measurements=True
    ).table
    other = ["time_s", "source"]
    assert from_video.drop(other).equals(from_images.drop(other))
    np.testing.assert_allclose(from_video["time_s"], from_images["time_s"], atol=1e-3)


@pytest.mark.slow
def test_a_video_that_stands_in_a_job_twice_gives_the_same_rows(clip, tmp_path, analyze):
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.read_bytes())
    assert analyze(clip, copy, "-o", tmp_path / "out", "--quiet").status == 0
    tables = [read_table(tmp_path / "out" / f"{name}.csv") for name in ("face", "copy")]
    assert tables[0].drop("source").equals(tables[1].drop("source"))


@pytest.mark.parametrize(
    ("model", "swapped", "typical"),
    [
        ("baseline-rules", False, 0.02),
        ("baseline-rules", True, 0.02),
        ("default", False, 0.03),  # its memory carries the first frames' difference on
    ],
)
def test_two_people_of_whom_one_enters_late_keep_ids_and_rows_on_either_side(
    portrait_views, model, swapped, typical
):
    analyzer = build_analyzer(model)
    first = portrait_views(30)
    second = [
        np.ascontiguousarray(image[:, ::-1]) for image in portrait_views(18, zoom=1.1)
    ]
    delay = len(first) - len(second)
    late = [np.zeros_like(second[0])] * delay + second
    order = (lambda a, b: [b, a]) if swapped else (lambda a, b: [a, b])
    both = [np.hstack(order(a, b)) for a, b in zip(first, late, strict=True)]
    together = list(analyzer.run(frames_of(both)))
    assert {row.face.track_id for row in together} == {0, 1}
    shifts = (first[0].shape[1], 0) if swapped else (0, first[0].shape[1])
    alone = [list(analyzer.run(frames_of(images))) for images in (first, second)]
    for track, delay_of in ((0, 0), (1, delay)):
        assert_same_person(
            alone[track],
            together,
            track,
            shift_px=shifts[track],
            delay=delay_of,
            median_differ=typical,
        )
