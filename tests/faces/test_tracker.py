import numpy as np
import pytest

from wildaffect.faces.detector import Detection
from wildaffect.faces.mesh import Mesh
from wildaffect.faces.tracker import Tracker, TrackingLimits


def face_at(x, y, *, presence=1.0, side=60.0):
    """A mesh whose landmarks fill a square around (x, y), eyes level."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-side / 2, side / 2, (478, 3))
    points[33], points[263] = [-side / 4, -side / 6, 0], [side / 4, -side / 6, 0]
    points[:2, :2] = [[-side / 2, -side / 2], [side / 2, side / 2]]
    placed = points + np.array([x, y, 0])
    return Mesh(landmarks_xyz=placed.astype(np.float32), presence=presence)


def detection_at(x, y, score=0.9, side=60.0):
    half = side / 2
    points = np.tile(np.float32([x, y]), (6, 1))
    points[:2] += np.float32([[-side / 4, 0], [side / 4, 0]])
    return Detection(
        score=score,
        box_xyxy=np.float32([x - half, y - half, x + half, y + half]),
        points_xy=points,
    )


class Scene:
    """Faces at known places; the mesh network snaps onto the nearest one in its region."""

    def __init__(self, *places):
        self.places = places

    def look(self, region):
        near = [
            (x, y)
            for x, y in self.places
            if max(abs(x - region.center_x), abs(y - region.center_y)) < region.side / 2
        ]
        if not near:
            return face_at(region.center_x, region.center_y, presence=0.0)
        x, y = min(
            near, key=lambda p: abs(p[0] - region.center_x) + abs(p[1] - region.center_y)
        )
        return face_at(x, y)


def step(tracker, time_s, *places, detect=True):
    detections = tuple(detection_at(x, y) for x, y in places) if detect else ()
    return update(tracker, time_s, detections, Scene(*places).look)


def none_closer(_):
    return ()


def update(
    tracker,
    time_s,
    detections,
    look,
    detect=tuple,
    finer=none_closer,
    search=tuple,
    closer=none_closer,
):
    return tracker.update(
        time_s,
        detections,
        look=look,
        detect=detect,
        finer=finer,
        search=search,
        closer=closer,
    )


def test_a_moving_face_keeps_its_track_without_the_detector():
    tracker = Tracker()
    (first,) = step(tracker, 0.0, (100, 100))
    for i in range(1, 20):
        (found,) = step(tracker, i / 30, (100 + 5 * i, 100), detect=False)
        assert found.key == first.key


def test_a_face_that_comes_back_within_the_gap_is_the_same_track():
    tracker = Tracker()
    (first,) = step(tracker, 0.0, (100, 100))
    assert step(tracker, 0.2) == []
    (again,) = step(tracker, 0.4, (110, 100))
    assert again.key == first.key


def test_frames_further_apart_than_the_gap_are_followed_one_to_the_next():
    tracker = Tracker()
    keys = [step(tracker, 10.0 * i, (100 + 20 * i, 100))[0].key for i in range(5)]
    assert len(set(keys)) == 1
    assert step(tracker, 60.0) == []
    assert step(tracker, 70.0, (180, 100))[0].key != keys[0]


def test_a_face_that_comes_back_after_the_gap_is_a_new_track():
    tracker = Tracker()
    (first,) = step(tracker, 0.0, (100, 100))
    step(tracker, 0.3)
    (again,) = step(tracker, 0.7, (100, 100))
    assert again.key != first.key


def test_a_detection_that_the_mesh_denies_is_not_a_face():
    tracker = Tracker()
    detections = (detection_at(50, 50),)
    assert update(tracker, 0.0, detections, Scene().look) == []


def test_a_new_face_is_looked_for_again_and_refused_if_it_does_not_hold():
    answers = iter([face_at(50, 50), face_at(50, 50, presence=0.1)])
    tracker = Tracker()
    assert update(tracker, 0.0, (detection_at(50, 50),), lambda _: next(answers)) == []


@pytest.mark.parametrize("order", [1, -1])
def test_two_faces_are_two_tracks_whatever_the_order_of_detections(order):
    tracker = Tracker()
    places = [(100, 100), (300, 120)][::order]
    tracks = step(tracker, 0.0, *places)
    centers = sorted(float(track.mesh.landmarks_xyz[:2, 0].mean()) for track in tracks)
    assert centers == pytest.approx([100, 300])


def test_two_tracks_on_one_face_become_one():
    tracker = Tracker()
    step(tracker, 0.0, (100, 100), (190, 100))
    tracks = step(tracker, 0.03, (145, 100))
    assert len(tracks) == 1


def test_a_mesh_that_the_detector_no_longer_supports_ends():
    tracker = Tracker(TrackingLimits(max_unseen_s=1.0))
    step(tracker, 0.0, (100, 100))
    found = [step(tracker, i / 10, (100, 100), detect=False) for i in range(1, 13)]
    assert [len(tracks) for tracks in found] == [1] * 10 + [0] * 2


def test_a_new_shot_forgets_everybody():
    tracker = Tracker()
    (first,) = step(tracker, 0.0, (100, 100))
    tracker.start_shot(lambda box: False)
    (again,) = step(tracker, 0.03, (100, 100))
    assert again.key != first.key


def test_the_detector_runs_when_a_face_is_lost_or_none_is_there():
    calls = []

    def detect():
        calls.append(True)
        return (detection_at(300, 300),)

    tracker, scene = Tracker(), Scene((300, 300))
    (track,) = update(tracker, 0.0, None, scene.look, detect)
    assert len(calls) == 1
    update(tracker, 0.03, None, scene.look, detect)
    assert len(calls) == 1  # the face is followed
    scene.places = ((100, 100),)
    update(tracker, 0.06, None, scene.look, detect)
    assert len(calls) == 2
    assert track.found_s == 0.03


def test_who_passes_in_front_keeps_the_number_and_the_hidden_one_does_not_take_it():
    tracker = Tracker()
    standing, walking = step(tracker, 0.0, (100, 100), (300, 100))
    seen_at = {}
    for i in range(1, 40):
        x = 300 - 10 * i
        hidden = abs(x - 100) < 50
        places = [(x, 100)] if hidden else [(x, 100), (100, 100)]
        for track in step(tracker, i / 30, *places, detect=not hidden):
            center = float(track.mesh.landmarks_xyz[:2, 0].mean())
            seen_at.setdefault(track.key, []).append((i, center))
    walk = dict(seen_at[walking.key])
    assert len(walk) == 39
    assert all(walk[i] == pytest.approx(300 - 10 * i, abs=1) for i in walk)
    assert all(x == pytest.approx(100, abs=1) for _, x in seen_at[standing.key])


def test_a_shot_without_a_face_is_searched_at_once_and_then_once_a_second():
    searched = []

    def search():
        searched.append(now)
        return ()

    tracker = Tracker(TrackingLimits(search_every_s=1.0))
    for i in range(26):
        now = i / 10
        update(tracker, now, (), Scene().look, search=search)
    assert searched == [0.0, 1.0, 2.0]
    tracker.start_shot(lambda box: False)
    now = 2.6
    update(tracker, now, (), Scene().look, search=search)
    assert searched[-1] == 2.6


def test_a_search_ends_with_the_first_look_that_finds_a_face():
    looks = []

    def search():
        for x in (100, 300, 500):
            looks.append(x)
            yield (detection_at(x, 300), detection_at(x, 500))

    tracker, scene = Tracker(), Scene((300, 300), (300, 500), (500, 300))
    tracks = update(tracker, 0.0, (), scene.look, search=search)
    assert len(tracks) == 2
    assert looks == [100, 300]
    update(tracker, 2.0, (), scene.look, search=search)
    assert looks == [100, 300]  # faces in view are not searched for


def test_what_a_search_proposes_must_be_a_face_too():
    tracker = Tracker()
    found = update(
        tracker, 0.0, (), Scene().look, search=lambda: iter([(detection_at(50, 50),)])
    )
    assert found == []


@pytest.mark.parametrize(("seen_at", "kept"), [((100, 100), True), ((400, 400), False)])
def test_a_face_too_small_for_the_detector_is_kept_by_closer_looks_alone(seen_at, kept):
    tracker = Tracker(TrackingLimits(max_unseen_s=1.0))
    closer_looks = []

    def closer(mesh):
        closer_looks.append(mesh)
        return iter([(detection_at(*seen_at, score=0.7),)])

    scene = Scene((100, 100))
    (track,) = update(tracker, 0.0, (detection_at(100, 100),), scene.look)
    for i in range(1, 31):
        tracks = update(tracker, i / 10, (), scene.look, closer=closer)
    assert (tracks == [track]) is kept
    assert len(closer_looks) == (2 if kept else 1)  # about once a second, not per frame
    assert track.detection_score == (0.7 if kept else 0.9)


def test_a_small_face_whose_place_was_not_exact_is_looked_at_again():
    scene, calls = Scene((100, 100)), []

    def finer(candidate):
        calls.append(candidate)
        return (detection_at(100, 100),)

    off = detection_at(160, 160)
    (track,) = update(Tracker(), 0.0, (off,), scene.look, finer=finer)
    assert calls == [off]
    assert float(track.mesh.landmarks_xyz[:2, 0].mean()) == pytest.approx(100)
    update(Tracker(), 0.0, (detection_at(100, 100),), scene.look, finer=finer)
    assert len(calls) == 1
