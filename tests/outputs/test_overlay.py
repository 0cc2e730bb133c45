import dataclasses

import cv2
import numpy as np
import pytest

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.faces import Status
from wildaffect.core.frames import Frame
from wildaffect.core.results import Affect, FaceResult
from wildaffect.core.scales import Scale, ScaleSpace
from wildaffect.core.tasks import LabelSpaces
from wildaffect.outputs.overlay.blur import blur_face
from wildaffect.outputs.overlay.canvas import Rect, text_width
from wildaffect.outputs.overlay.card import CardSize, bars, draw_card
from wildaffect.outputs.overlay.draw import draw
from wildaffect.outputs.overlay.history import History, face_rect, remember
from wildaffect.outputs.overlay.still import write_picture
from wildaffect.outputs.overlay.style import Style
from wildaffect.outputs.overlay.video import HIDE_S, OverlayVideo

SIZES = [(240, 320), (180, 320), (720, 1280), (2160, 3840), (64, 48), (1, 1)]


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def face_in(height, width):
    return (0.35 * width, 0.3 * height, 0.55 * width, 0.7 * height)


def places(rows, width, height, history=None):
    size = (width, height)
    return remember(history or History(), rows, size, Style(), LabelSpaces()).places


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_frame_size_is_drawn_on_a_copy_of_the_same_shape(row, height, width):
    rgb = noise(height, width)
    before = rgb.copy()
    drawn = draw(rgb, [row(box=face_in(height, width))])
    assert drawn.shape == rgb.shape
    assert drawn.dtype == np.uint8
    assert (rgb == before).all()
    assert height == 1 or (drawn != rgb).any()


@pytest.mark.parametrize("box", [(-50, -50, 40, 40), (600, 400, 900, 700), (5, 5, 5, 5)])
def test_boxes_over_the_edge_or_without_area_do_not_break_it(row, box):
    draw(noise(480, 640), [row(box=box)], Style(blur_faces=True))


def test_a_frame_without_a_face_is_left_as_it_is(row):
    rgb = noise(48, 64)
    assert (draw(rgb, [row(0, None)]) == rgb).all()


def test_the_order_of_rows_does_not_matter(row):
    rgb = noise(480, 640)
    two = [row(0, 0, box=(50, 100, 200, 300)), row(0, 1, box=(400, 100, 500, 250))]
    assert (draw(rgb, two) == draw(rgb, two[::-1])).all()


@pytest.mark.parametrize(("height", "width"), SIZES[:4])
def test_cards_stay_inside_the_frame_and_off_every_other_face(row, height, width):
    scale = height / 720
    boxes = [(80, 200, 220, 400), (420, 180, 560, 380), (800, 220, 900, 360)]
    rows = [row(0, i, box=[scale * e for e in box]) for i, box in enumerate(boxes)]
    found = places(rows, width, height)
    for track, place in found.items():
        assert place.rect == place.rect.inside(width, height)
        for other in rows:
            x0, y0, x1, y1 = other.face.box_xyxy.astype(int).tolist()
            face = Rect(x0, y0, x1 - x0, y1 - y0)
            covered = place.rect.overlap(face) / place.rect.area
            assert other.face.track_id == track or covered < 0.06
        for other, place_of_other in found.items():
            touched = place.rect.overlap(place_of_other.rect) / place.rect.area
            assert other == track or touched < 0.06
    assert height < 720 or len(found) == 3


def face_rects(rows):
    return {row.face.track_id: face_rect(row) for row in rows}


def test_nine_people_get_a_card_each_and_none_covers_a_face_or_a_card(row):
    boxes = [
        (320 * x + 106, 240 * y + 56, 320 * x + 184, 240 * y + 147)
        for y in range(3)
        for x in range(3)
    ]
    rows = [row(0, i, box=box) for i, box in enumerate(boxes)]
    found = places(rows, 960, 720)
    assert sorted(found) == list(range(9))
    covered = [*face_rects(rows).values(), *(place.rect for place in found.values())]
    for place in found.values():
        assert sum(place.rect.overlap(other) > 0 for other in covered) == 1  # itself


@pytest.mark.parametrize("x", [0, 90, 180, 270])
def test_a_card_in_a_small_frame_leaves_its_own_face_free(row, x):
    one = row(box=(x, 60, x + 80, 160))
    (place,) = places([one], 360, 288).values()
    assert place.rect == place.rect.inside(360, 288)
    assert place.rect.overlap(face_rect(one)) == 0


def test_a_card_takes_free_room_that_is_not_beside_its_face(row):
    """Faces on all four sides; the corners of the frame are free."""
    boxes = [
        (560, 260, 720, 460), (300, 200, 540, 520), (740, 200, 980, 520),
        (480, 0, 800, 250), (480, 470, 800, 720),
    ]  # fmt: skip
    rows = [row(0, i, box=box) for i, box in enumerate(boxes)]
    for place in places(rows, 1280, 720).values():
        assert not any(place.rect.overlap(face) for face in face_rects(rows).values())


def test_several_faces_without_room_get_no_card(row):
    rows = [row(0, 0, box=(0, 0, 310, 470)), row(0, 1, box=(330, 0, 640, 470))]
    assert places(rows, 640, 480) == {}


def test_the_threshold_of_an_action_unit_is_marked_on_its_bar(row):
    black, one = np.zeros((720, 1280, 3), np.uint8), row(box=(300, 200, 460, 400))
    plain = draw(black, [one])
    marked = draw(black, [one], Style(thresholds={"AU01": 0.5}))
    rows, columns = np.nonzero((plain != marked).any(axis=2))
    assert 0 < np.ptp(rows) < 20
    assert np.ptp(columns) < 4


def test_a_face_that_fills_the_frame_still_gets_its_card(row):
    assert places([row(box=(100, 20, 1180, 700))], 1280, 720)


def test_a_card_keeps_its_side_while_its_face_wanders(row):
    history, sides = History(), set()
    for step in range(60):
        x = 540 + 30 * np.sin(step / 5)
        rows = [row(step, 0, box=(x, 200, x + 160, 420))]
        history = remember(history, rows, (1280, 720), Style(), LabelSpaces())
        sides.add(history.places[0].side)
    assert len(sides) == 1


def test_the_trail_reaches_back_a_stated_time_and_ends_with_the_track(row):
    history = History()
    for step in range(100):
        rows = [row(step, 0)]
        history = remember(history, rows, (640, 480), Style(trail_s=0.5), LabelSpaces())
    assert len(history.trail(0)) == 16
    history = remember(history, [row(100, 1)], (640, 480), Style(), LabelSpaces())
    assert history.trail(0) == []


def test_what_is_not_predicted_gets_no_card(row):
    assert places([row(affect=Affect())], 1280, 720) == {}
    draw(noise(720, 1280), [row(affect=Affect())])


def test_action_units_of_other_models_are_drawn_too(row):
    affect = Affect(action_unit_probs=np.full(12, 0.5, np.float32))
    assert places([row(affect=affect)], 1280, 720)[0].size.num_bars == 12
    draw(noise(720, 1280), [row(affect=affect)])


@pytest.mark.parametrize("level", [0, 255])
def test_labels_stand_out_on_black_and_on_white(row, level):
    rgb = np.full((480, 640, 3), level, np.uint8)
    drawn = draw(rgb, [row(box=(200, 150, 320, 300))], Style(cards=False))
    label = drawn[120:150, 200:330].astype(int).sum(axis=2)
    assert label.max() - label.min() > 500


def test_text_is_measured_as_it_is_drawn():
    assert text_width("Happiness 87%", 20) > text_width("Fear 87%", 20) > 0
    assert text_width("", 20) >= 0


def checkerboard(height, width, cell=4):
    y, x = np.mgrid[:height, :width]
    return np.repeat(
        (((x // cell + y // cell) % 2) * 255).astype(np.uint8)[..., None], 3, 2
    )


def detail(picture, box):
    """Spread of the Laplacian inside a box: what is finer than a few pixels."""
    x0, y0, x1, y1 = box
    return cv2.Laplacian(picture[y0:y1, x0:x1].astype(np.float32), cv2.CV_32F).std()


def test_a_hidden_face_has_no_detail_left_and_its_surroundings_keep_theirs():
    rgb = checkerboard(400, 400)
    before = detail(rgb, (150, 130, 250, 270))
    blur_face(rgb, Rect(150, 130, 100, 140))
    assert detail(rgb, (150, 130, 250, 270)) < 0.01 * before
    assert (rgb[:60] == checkerboard(400, 400)[:60]).all()


def test_hiding_reaches_beyond_the_box_to_hair_and_chin():
    rgb = checkerboard(400, 400)
    blur_face(rgb, Rect(150, 130, 100, 140))
    assert detail(rgb, (190, 100, 210, 130)) < 100
    assert detail(rgb, (190, 270, 210, 300)) < 100


def test_an_expression_that_hardly_leads_is_labeled_unclear_without_a_share(row, affect):
    rgb, predicted = noise(480, 640), affect()
    unclear = dataclasses.replace(predicted, expression_is_unclear=True)
    named = dataclasses.replace(predicted, expression="unclear")  # no label of the space
    drawn = draw(rgb, [row(affect=unclear)])
    assert (drawn == draw(rgb, [row(affect=named)])).all()
    assert (drawn != draw(rgb, [row(affect=predicted)])).any()


@pytest.mark.parametrize("status", [Status.OK, Status.LOW_QUALITY, Status.INTERPOLATED])
def test_faces_are_hidden_whatever_their_status(row, status):
    rgb = checkerboard(400, 400)
    box = (150, 130, 250, 270)
    one = row(0, 0, status=status, box=box, affect=Affect())
    drawn = draw(rgb, [one], Style(blur_faces=True, cards=False))
    assert detail(drawn, (170, 150, 230, 250)) < 0.05 * detail(rgb, (170, 150, 230, 250))


class Kept:
    def __init__(self):
        self.frames = []

    def write(self, rgb, time_s):
        self.frames.append((time_s, rgb))


def clip(num_frames, every=1):
    for index in range(0, num_frames, every):
        yield Frame(index=index, time_s=index / 10, rgb=checkerboard(240, 320))


def overlay(rows, frames, style=None):
    kept = Kept()
    with OverlayVideo(frames, kept, style) as video:
        video.write(rows)
    return kept.frames


def test_every_analyzed_frame_comes_out_once_at_its_own_time(row):
    rows = [row(i, t, rate=10) for i in range(0, 30, 3) for t in (0, 1)]
    drawn = overlay(rows, clip(40))
    assert [time_s for time_s, _ in drawn] == [i / 10 for i in range(0, 30, 3)]


def test_rows_may_come_one_by_one_or_all_at_once(row):
    rows = [row(i, 0, rate=10) for i in range(20)]
    kept = Kept()
    with OverlayVideo(clip(20), kept) as video:
        for each in rows:
            video.write([each])
    at_once = overlay(rows, clip(20))
    assert all((a[1] == b[1]).all() for a, b in zip(kept.frames, at_once, strict=True))


def test_no_more_rows_wait_than_the_stated_time(row):
    video = OverlayVideo(clip(500), Kept(), Style(blur_faces=True))
    for i in range(500):
        video.write([row(i, 0, rate=10)])
        assert len(video._waiting) <= 10 * HIDE_S + 2


def test_a_frame_that_the_second_decoding_lacks_is_an_error(row):
    with pytest.raises(OutputError, match="frame 1 must be in the second decoding"):
        overlay([row(i, 0, rate=10) for i in range(6)], clip(10, every=3))


def test_a_lost_face_stays_hidden_for_a_second_before_and_after_its_track(row):
    box = (120, 80, 180, 160)
    tracked = range(20, 30)
    rows = [row(i, 0 if i in tracked else None, rate=10, box=box) for i in range(50)]
    drawn = overlay(rows, clip(50), Style(blur_faces=True, cards=False))
    middle = (130, 90, 170, 150)
    limit = detail(checkerboard(240, 320), middle) / 9
    hidden = [i for i, (_, rgb) in enumerate(drawn) if detail(rgb, middle) < limit]
    assert hidden == list(range(10, 40))


@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
def test_a_still_is_written_in_color_under_its_name(tmp_path, name):
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[..., 0] = 250
    write_picture(tmp_path / name, rgb)
    back = cv2.imread(str(tmp_path / name))
    assert back[..., 2].mean() > 240
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_still_that_cannot_be_written_is_one_clear_error(tmp_path):
    rgb = np.zeros((20, 30, 3), np.uint8)
    with pytest.raises(UsageError, match=r"must end in one of .*, got '\.tiff'"):
        write_picture(tmp_path / "x.tiff", rgb)
    with pytest.raises(OutputError, match="picture must be writable, got No such file"):
        write_picture(tmp_path / "none" / "x.png", rgb)


def test_ratings_are_bars_along_their_scales():
    spaces = LabelSpaces(
        dimensions=ScaleSpace(
            name="own",
            scales=(
                Scale(label="pain", low=0, high=10),
                Scale(label="a_rating_with_a_name_of_many_words", low=-1, high=1),
            ),
        )
    )
    affect = Affect(dimension_values=np.array([7.5, -1], np.float32), spaces=spaces)
    row = FaceResult(frame_index=0, time_s=0.0, status=Status.NO_FACE, affect=affect)
    found = bars(row, spaces, {})
    assert [(bar.label, bar.probability) for bar in found] == [
        ("pain", 0.75),
        ("a_rating_with_a_name_of_many_words", 0.0),
    ]
    for compact in (False, True):
        size = CardSize(em=14, num_bars=2, has_dial=False, compact=compact)
        picture = np.zeros((size.height + 20, size.width + 20, 3), np.uint8)
        rect = Rect(5, 5, size.width, size.height)
        color = (200, 90, 30)
        draw_card(picture, rect, size, row=row, units=found, trail=(), color=color)
        assert (picture[:, rect.right :] == 0).all()  # nothing leaves the card
