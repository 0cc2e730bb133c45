"""Folders, labels and pictures are invented."""

import json

import cv2
import numpy as np
import pytest
from tests.support.abaw_tracks import bah_path, write_bah, write_emi

from wildaffect.cli.main import main
from wildaffect.core.errors import MissingData, UsageError
from wildaffect.data.check import check_split, find_repeats, measure_gaps
from wildaffect.data.check_findings import Level
from wildaffect.data.check_images import check_images, find_image_folder
from wildaffect.data.check_pages import to_html, to_markdown
from wildaffect.data.check_report import check_data
from wildaffect.data.leaks import find_near_duplicates, find_overlaps, hash_pictures
from wildaffect.data.published import PUBLISHED
from wildaffect.formats.affwild2_mtl import read_mtl
from wildaffect.formats.detect import detect

HEADER = "image,valence,arousal,expression,aus"
UNITS = "1,0,0,0,0,0,0,0,0,0,0,-1"


def row(name, valence="0.5", expression="0", units=UNITS):
    return f"{name},{valence},0.25,{expression},{units}"


def put(root, train, val):
    for split, rows in (("training", train), ("validation", val)):
        text = "\n".join([HEADER, *rows]) + "\n"
        (root / f"{split}_set_annotations.txt").write_text(text)
    return root


def picture(path, seed):
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = rng.integers(0, 255, (7, 7), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, (64, 64), interpolation=cv2.INTER_CUBIC))


def check(root, **changed):
    (found,) = detect(root)
    return check_data(root, found, **{"images": None, "max_images": 100, **changed})


def texts(report, level):
    return [finding.text for finding in report.findings if finding.level is level]


def test_a_clean_folder_has_no_errors_and_is_compared_with_what_was_published(tmp_path):
    report = check(put(tmp_path, [row("a/00001.jpg")], [row("b/00001.jpg")]))
    assert texts(report, Level.ERROR) == []
    contents = {cells[0]: cells for cells in report.tables[0].rows}
    assert contents["rows"][1:4] == ("1", "142,382", "-142,381")
    neutral = report.tables[1].rows[0]
    assert neutral[:4] == ("Neutral", "1 (100.0%)", "23,976 (26.5%)", "-23,975")


def test_published_counts_add_up():
    # The classes of a split are all of its expression labels.
    for (name, _), published in PUBLISHED.items():
        if name == "affwild2-mtl":
            assert sum(published.expressions) == published.expression


def test_errors_name_file_and_line(tmp_path):
    report = check(
        put(
            tmp_path,
            [
                row("a/00001.jpg", valence="7"),
                "a/00002.jpg,0",
                row("a_3.jpg"),
                row("a/3.jpg"),
            ],
            [row("b/00001.jpg")],
        )
    )
    examples = [e for f in report.findings if f.level is Level.ERROR for e in f.examples]
    for line in (2, 3, 4):
        assert any(
            f"training_set_annotations.txt:{line}: " in example for example in examples
        )
    assert report.conclusion().startswith("errors: 3,")


def test_exact_repeats_are_noted_and_contradictions_are_errors(tmp_path):
    same, other = row("a/00001.jpg"), row("a/00001.jpg", expression="3")
    a = read_mtl(
        put(tmp_path, [same, same, other], [same]) / "training_set_annotations.txt"
    ).annotations
    num_repeats, conflicts = find_repeats(a)
    assert num_repeats == 1
    assert len(conflicts) == 1
    assert "txt:4 (first in line 2)" in conflicts[0]


def test_gaps_are_measured_in_frames_within_a_video(tmp_path):
    rows = [row(f"a/{n:05d}.jpg") for n in (1, 2, 10)] + [row("b/00500.jpg")]
    gaps = measure_gaps(
        read_mtl(put(tmp_path, rows, rows) / "training_set_annotations.txt").annotations
    )
    assert (gaps.num_gaps, gaps.longest, gaps.median) == (1, 8, 4.5)
    assert gaps.longest_at == "a, frames 2 to 10"


def test_units_are_counted_where_they_are_annotated(tmp_path):
    path = put(tmp_path, [row("a/00001.jpg")] * 2, [row("b/00001.jpg")])
    reading = read_mtl(path / "training_set_annotations.txt")
    counted = check_split("train", reading, None, is_video=True)
    assert counted.positives.tolist() == [2, *[0] * 11]
    assert counted.annotated.tolist() == [*[2] * 11, 0]


def test_images_are_paired_by_number_whatever_their_zeros(tmp_path):
    put(tmp_path, [row("a/00001.jpg"), row("a/00002.jpg")], [row("b/00001.jpg")])
    picture(tmp_path / "cropped_aligned" / "a" / "1.png", 0)
    picture(tmp_path / "cropped_aligned" / "a" / "00007.jpg", 1)
    a = read_mtl(tmp_path / "training_set_annotations.txt").annotations
    folder = find_image_folder(a, [tmp_path / "cropped", tmp_path / "cropped_aligned"])
    found = check_images(a, folder, is_video=True)
    assert found.present.tolist() == [True, False]
    assert found.missing == ("a/00002.jpg",)
    assert found.num_unlabeled == 1


def test_videos_and_recordings_in_two_splits_are_distinguished(tmp_path):
    put(
        tmp_path,
        [row("a/00001.jpg"), row("v_left/00001.jpg")],
        [row("a/00009.jpg"), row("v_right/00001.jpg")],
    )
    (found,) = detect(tmp_path)
    splits = {k: found.format.read(p, k).annotations for k, p in found.splits.items()}
    (overlap,) = find_overlaps(splits)
    assert overlap.videos == ("a",)
    assert overlap.recordings == ("v",)
    report = check(tmp_path)
    assert any("videos in both" in text for text in texts(report, Level.ERROR))


def test_the_same_video_under_two_names_is_found_and_other_pictures_are_not(tmp_path):
    for number in range(20):
        picture(tmp_path / "a" / f"{number:05d}.jpg", number)
        picture(tmp_path / "b" / f"{number:05d}.jpg", 100 + number)
    copy = cv2.imread(str(tmp_path / "a" / "00004.jpg"))
    cv2.imwrite(str(tmp_path / "b" / "00009.jpg"), copy, [cv2.IMWRITE_JPEG_QUALITY, 60])
    hashed = [
        hash_pictures(tmp_path, [f"{v}/{n:05d}.jpg" for n in range(20)], max_images=50)
        for v in "ab"
    ]
    duplicates = find_near_duplicates("train", hashed[0], "val", hashed[1])
    assert duplicates.pairs == (("a/00004.jpg", "b/00009.jpg"),)


def test_a_sample_is_bounded_and_evenly_spaced(tmp_path):
    names = [f"a/{n:05d}.jpg" for n in range(9)]
    for seed, name in enumerate(names):
        picture(tmp_path / name, seed)
    found = hash_pictures(tmp_path, names, max_images=3)
    assert found.names == (names[0], names[4], names[8])
    assert found.num_images == 9


def test_black_and_broken_pictures_say_nothing(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "black.jpg"), np.zeros((8, 8), np.uint8))
    found = hash_pictures(tmp_path, ["broken.jpg", "black.jpg", "gone.jpg"], max_images=9)
    assert (found.num_unreadable, found.num_flat, len(found.names)) == (2, 1, 0)


def test_pages_escape_what_they_show_and_hold_no_picture(tmp_path):
    folder = tmp_path / "<b>&"
    folder.mkdir()
    report = check(put(folder, [row("a/00001.jpg"), "<i>"], [row("b/00001.jpg")]))
    page = to_html([report])
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page
    assert "<img" not in page
    assert "| Neutral | 1 (100.0%) |" in to_markdown([report])


def test_an_unknown_format_suggests_the_nearest(tmp_path):
    with pytest.raises(UsageError, match="did you mean affwild2-mtl"):
        detect(tmp_path, "afwild2-mtl")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MissingData, match=r"no such file or folder: .*none$"):
        detect(tmp_path / "none")


def test_an_empty_folder_gets_every_layout(tmp_path):
    with pytest.raises(MissingData, match=r"(?s)affwild2-mtl: training_set.*manifest\.csv"):
        detect(tmp_path)


@pytest.mark.parametrize(("train", "status"), [(["a/00001.jpg"], 0), (["bad"], 1)])
def test_the_command_exits_by_what_it_found(tmp_path, capsys, train, status):
    put(tmp_path, [row("ok/00001.jpg"), *map(row, train)], [row("b/00001.jpg")])
    page = tmp_path / "check.md"
    assert main(["data", "check", str(tmp_path), "--json", "--report", str(page)]) == status
    (report,) = json.loads(capsys.readouterr().out)
    assert report["title"].startswith("s-Aff-Wild2")
    assert page.read_text().startswith("# s-Aff-Wild2")


def test_the_terminal_report_ends_with_the_conclusion(tmp_path, capsys):
    put(tmp_path, [row("a/00001.jpg")], [row("b/00001.jpg")])
    assert main(["data", "check", str(tmp_path)]) == 0
    assert "errors: 0, warnings: 2;" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--report", "check.pdf"], "must end in .html or .md"),
        (["--images", "nowhere"], "must be a folder"),
        (["--max-images", "-1"], "must be >= 0"),
    ],
)
def test_flags_that_cannot_be_met_are_refused(tmp_path, capsys, flags, words):
    assert main(["data", "check", str(tmp_path), *flags]) == 2
    assert words in capsys.readouterr().err


def test_submit_writes_checks_and_refuses(tmp_path, capsys):
    listed = tmp_path / "list.txt"
    listed.write_text(f"{HEADER}\na/00001.jpg,\na/00002.jpg,\n")
    table = tmp_path / "p.csv"
    units = [f"AU{n:02d}_present" for n in (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)]
    table.write_text(
        f"image,valence,arousal,expression,{','.join(units)}\n"
        f"a/00001.jpg,0.5,0.5,Fear,{','.join(['true'] * 12)}\n"
    )
    out = tmp_path / "s.txt"
    flags = ["--list", str(listed), "--track", "mtl", "-o", str(out)]
    assert main(["submit", str(table), *flags]) == 0
    assert "1 rows use an earlier" in capsys.readouterr().err
    assert main(["submit", "--check", str(out), "--list", str(listed)]) == 0
    out.write_text(out.read_text().replace("0.5", "1.5", 1))
    assert main(["submit", "--check", str(out), "--list", str(listed)]) == 1
    assert f"{out}:2: valence must lie in [-1, 1]" in capsys.readouterr().out
    assert main(["submit", "--list", str(listed)]) == 2


def test_missing_videos_of_bah_are_named_and_its_terms_shown(tmp_path, capsys):
    write_bah(tmp_path)
    (tmp_path / bah_path(0)).parent.mkdir(parents=True)
    (tmp_path / bah_path(0)).touch()
    assert main(["data", "check", str(tmp_path), "--layout", "bah-videos"]) == 0
    printed = capsys.readouterr().out
    assert "train: annotated videos that are not in" in printed
    assert f"{bah_path(1)}" in printed
    assert "Terms: BAH is given for research" in printed
    (active,) = [line for line in printed.splitlines() if line.startswith("ambivalence")]
    assert active.split()[1:3] == ["1", "(50.0%)"]


def test_a_person_in_two_splits_of_bah_is_an_error(tmp_path):
    write_bah(tmp_path)
    path = tmp_path / "split" / "val.txt"
    path.write_text(path.read_text() + f"{bah_path(0, 2)},0,Made up\n")
    (found,) = detect(tmp_path, "bah-videos")
    report = check_data(tmp_path, found, images=None, max_images=0)
    assert texts(report, Level.ERROR) == ["people in both train and val: 1"]


def test_intensities_stand_under_their_split_beside_published_counts(tmp_path):
    rows = {"train": [(1, *[0.25] * 6), (2, *[0.75] * 6)], "val": [(3, *[1] * 6)]}
    (found,) = detect(write_emi(tmp_path, rows))
    report = check_data(tmp_path, found, images=None, max_images=0)
    table = next(each for each in report.tables if each.title == "Intensities")
    assert table.header == ("", "split", "rows", "least", "mean", "greatest")
    assert table.rows[-2:] == (
        ("joy_intensity [0, 1]", "train", "2", "0.25", "0.5", "0.75"),
        ("joy_intensity [0, 1]", "val", "1", "1", "1", "1"),
    )
