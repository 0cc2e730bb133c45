"""How backbones look at faces that carry crops, and what the rows between them get."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.faces import FaceObservation, FrameFaces, HeadPose, Status
from wildaffect.core.windows import FRAME_WISE, CausalWindow
from wildaffect.inference.artifact import Artifact, load_artifact
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.model import Model
from wildaffect.inference.person import PersonStream
from wildaffect.inference.rows import (
    BATCH_FACES,
    BATCH_FRAMES,
    FaceRows,
    embedding_rate_hz,
)
from wildaffect.runtime.network import Device

FPS = 30
WINDOW = CausalWindow(length_s=1.0, delay_s=0.0, max_gap_s=1.0)


class Redness:
    """Stands in for the backbone: the mean of each channel, and what it was shown."""

    def __init__(self):
        self.batches = []

    def __call__(self, crops):
        means = np.float32([crop.mean((0, 1)) for crop in crops])
        self.batches.append(means[:, 0].astype(int).tolist())
        return means / 255


@pytest.fixture
def rows_of(with_backbone):
    """`rows_of(frames, ...)` -> rows by frame, the batches, the inputs."""
    artifact = load_artifact(with_backbone)

    def run(frames, *, rate_hz=None, at_once=False):
        manifest = replace(artifact.manifest, rate_hz=rate_hz, window=WINDOW)
        network = Redness()
        inputs = Inputs(
            replace(artifact, manifest=manifest), Device(), backbones={"color": network}
        )
        network.batches.clear()  # of the check
        made = FaceRows(inputs, at_once=at_once).run(frames)
        return list(made), network.batches, inputs

    return run


def face(number, *, track=0, status=Status.OK, with_crop=True):
    crop = np.full((32, 32, 3), number % 256, np.uint8)
    return FaceObservation(
        track_id=track,
        status=status,
        detection_score=0.9,
        presence=1.0,
        box_xyxy=np.float32([0, 0, 100, 100]),
        landmarks_xyz=np.random.default_rng(0).uniform(0, 9, (478, 3)).astype(np.float32),
        blendshapes=np.zeros(52, np.float32),
        pose=HeadPose(0, 0, 0),
        face_size_px=100,
        sharpness=20,
        crops=(crop,) if with_crop and status is not Status.INTERPOLATED else (),
    )


def frames_of(num_frames, *, num_people=1, lost=(), with_crops=None):
    live = frozenset(range(num_people))
    for index in range(num_frames):
        status = Status.INTERPOLATED if index in lost else Status.OK
        is_cut = with_crops is None or index in with_crops
        faces = [
            face(index, track=track, status=status, with_crop=is_cut) for track in live
        ]
        yield FrameFaces(
            frame_index=index, time_s=index / FPS, faces=tuple(faces), live_ids=live
        )


def test_frames_and_faces_come_back_in_order_without_their_crops(rows_of):
    rows, _, _ = rows_of(frames_of(40, num_people=2))
    assert [seen.frame_index for seen, _ in rows] == list(range(40))
    for seen, measured in rows:
        assert [item.face.track_id for item in measured] == [0, 1]
        assert all(face.crops == () for face in seen.faces)
        for item in measured:
            assert item.measured["color"][0] * 255 == pytest.approx(item.frame_index)


def test_faces_of_several_frames_and_people_share_a_call_of_bounded_size(rows_of):
    _, batches, _ = rows_of(frames_of(40, num_people=3))
    assert sum(map(len, batches)) == 120
    assert max(map(len, batches)) < BATCH_FACES + 3
    assert len(batches) == 7


def test_a_live_stream_answers_every_frame_before_the_next(rows_of):
    taken = []

    def frames():
        for seen in frames_of(5, num_people=2):
            taken.append(seen.frame_index)
            yield seen

    _, batches, inputs = rows_of([], at_once=True)
    for number, (seen, _) in enumerate(FaceRows(inputs, at_once=True).run(frames())):
        assert seen.frame_index == taken[-1] == number
    assert [len(batch) for batch in batches] == [2] * 5


def test_frames_that_wait_for_a_batch_are_bounded(rows_of):
    taken = []

    def frames():
        for seen in frames_of(200, lost=range(1, 200)):
            taken.append(seen.frame_index)
            yield seen

    _, _, inputs = rows_of([])
    next(FaceRows(inputs, at_once=False).run(frames()))
    assert len(taken) == BATCH_FRAMES


def test_a_row_of_a_lost_face_has_features_between_those_of_its_neighbors(rows_of):
    frames = frames_of(30, lost=range(9, 14), with_crops={0, 14, 18, 27})
    rows, batches, inputs = rows_of(frames, rate_hz=3.0)
    # Of the rows 0, 9, 18 and 27 that the network reads, 9 is of a lost face.
    assert np.concatenate(batches).tolist() == [0, 14, 18, 27]
    person = PersonStream(
        inputs,
        Model(load_artifact_of(inputs), Device(), [FirstFeature()]),
        neutral=None,
        warm_up_s=0.0,
        keep_features=False,
    )
    results = [item for _, (row,) in rows for item in person.push(row)] + person.finish()
    predicted = np.array([result.affect.valence for result in results]) * 255
    assert len(predicted) == 30
    # One value a row: 0 and 14 are seen, so the lost row 9 has 9 fourteenths of the way.
    assert predicted[9] == pytest.approx(9.0, abs=1e-4)
    np.testing.assert_allclose(predicted[:28], np.arange(28), atol=1e-4)


def test_a_member_that_sees_rows_alone_has_backbones_look_at_every_face(with_backbone):
    manifest = replace(load_artifact(with_backbone).manifest, rate_hz=5.0, window=WINDOW)
    assert embedding_rate_hz(manifest) == 5.0
    (member,) = manifest.members
    alone = replace(member, window=FRAME_WISE)
    assert embedding_rate_hz(replace(manifest, members=(member, alone))) is None
    poses = replace(alone, inputs=("pose",))
    assert embedding_rate_hz(replace(manifest, members=(member, poses))) == 5.0


class FirstFeature:
    """Valence is the first feature of the last row of the window."""

    input_names = ("features",)
    output_names = ("valence",)
    input_widths = {"features": None}  # noqa: RUF012

    def __call__(self, features):
        return (features[..., 0],)


def load_artifact_of(inputs):
    """An artifact with the manifest of some inputs; its networks are stood in for."""
    return Artifact(inputs.manifest, {}, digest="")
