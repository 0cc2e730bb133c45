import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.faces.track_buffer import TrackBuffer
from wildaffect.faces.tracker import TrackingLimits

FPS = 30.0
MAX_GAP = 15


def face(x):
    landmarks = np.full((478, 3), x + 25, np.float32)
    landmarks[:, 1:] = [25, 0]
    landmarks[:2] = [[x, 0, 0], [x + 50, 50, 0]]
    return FaceObservation(
        track_id=-1,
        status=Status.OK,
        detection_score=0.9,
        presence=1.0,
        box_xyxy=np.float32([x, 0, x + 50, 50]),
        landmarks_xyz=landmarks,
        blendshapes=np.zeros(52, np.float32),
        pose=HeadPose(0, 0, 0),
        face_size_px=50,
        sharpness=20,
    )


def play(visible, min_run_s=0.15, fps=FPS):
    """Run a buffer over frames; `visible[t]` maps track keys to where their face is."""
    buffer, out, held = TrackBuffer(TrackingLimits(min_run_s=min_run_s)), [], 0
    last_seen = {}
    for t, faces in enumerate(visible):
        last_seen |= dict.fromkeys(faces, t)
        buffer.add_frame(t, t / fps, {key: face(x) for key, x in faces.items()})
        live = {key for key, seen in last_seen.items() if t - seen <= MAX_GAP}
        out += buffer.settled(live)
        held = max(held, t + 1 - len(out))
    out += buffer.end_shot()
    return out, held


def ids(out):
    return [[f.track_id for f in frame.faces] for frame in out]


def test_a_face_seen_throughout_has_a_row_in_every_frame():
    out, _ = play([{0: 10.0}] * 12)
    assert ids(out) == [[0]] * 12


def test_a_flash_of_a_face_is_not_believed():
    out, _ = play([{}] * 5 + [{0: 10.0}] * 3 + [{}] * 20)
    assert ids(out) == [[]] * 28


def test_in_a_shot_too_short_for_a_run_a_face_must_be_there_throughout():
    assert ids(play([{0: 10.0}])[0]) == [[0]]
    assert ids(play([{0: 10.0}] * 2)[0]) == [[0]] * 2
    assert ids(play([{0: 10.0}, {}])[0]) == [[], []]


def test_frames_far_apart_are_believed_like_stills():
    assert ids(play([{0: 10.0}, {}, {1: 200.0}, {1: 200.0}], fps=1)[0]) == [
        [0],
        [],
        [1],
        [1],
    ]
    assert ids(play([{}, {}, {0: 10.0}], fps=1)[0]) == [[], [], [0]]
    assert ids(play([{}, {}, {0: 10.0}, {}], fps=2.5)[0]) == [[], [], [], []]


def test_a_short_loss_is_filled_between_its_neighbors():
    out, _ = play([{0: 10.0}] * 10 + [{}] * 3 + [{0: 50.0}] * 10)
    assert ids(out) == [[0]] * 23
    lost = [frame.faces[0] for frame in out[10:13]]
    assert {face.status for face in lost} == {Status.INTERPOLATED}
    np.testing.assert_allclose([face.box_xyxy[0] for face in lost], [20, 30, 40], rtol=1e-5)


def test_numbers_run_from_left_to_right_in_the_frame_where_faces_appear():
    out, _ = play([{5: 300.0, 9: 10.0}] * 12)
    assert [face.box_xyxy[0] for face in out[0].faces] == [10.0, 300.0]
    assert ids(out)[0] == [0, 1]


def test_a_track_is_announced_as_complete_once_it_cannot_continue():
    out, _ = play([{0: 10.0}] * 10 + [{}] * 40)
    assert 0 in out[9].live_ids or 0 not in out[10].live_ids
    assert 0 not in out[-1].live_ids


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({}, optional={0: st.just(0.0), 1: st.just(90.0)}),
        min_size=1,
        max_size=80,
    )
)
def test_every_frame_comes_out_once_in_order_and_soon(visible):
    out, held = play(visible)
    assert [frame.frame_index for frame in out] == list(range(len(visible)))
    assert held <= MAX_GAP + 7
    for frame, seen in zip(out, visible, strict=True):
        found = [face for face in frame.faces if face.status is Status.OK]
        assert len(found) <= len(seen)
        assert len({face.track_id for face in frame.faces}) == len(frame.faces)
