from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from wildaffect.core.errors import MissingData, UsageError
from wildaffect.core.tasks import Task
from wildaffect.features.crops import MARKER
from wildaffect.features.packs import pack_images
from wildaffect.training.core.label_counts import count_labels
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.images.job import load_sets, split_sets
from wildaffect.training.images.labeled import (
    SetPlace,
    crop_targets,
    join_labels,
    labeled_tasks,
    load_labeled,
)
from wildaffect.video.pixels import read_image


def test_every_row_has_its_crop_and_its_labels(labeled):
    crops = load_labeled(SetPlace(data=labeled), "train")
    assert len(crops) == 50
    assert crops.paths[13] == labeled / "p1" / "00004.png"
    assert crops.annotations.images[13] == "p1/00004.png"
    assert not crops.annotations.action_units.valid[4].any()
    assert crops.annotations.action_units.valid[5].all()


def test_crops_that_are_not_there_are_counted_and_left_out(labeled):
    (labeled / "p0" / "00003.png").unlink()
    crops = load_labeled(SetPlace(data=labeled), "train")
    assert (len(crops), crops.num_missing) == (49, 1)
    assert "p0/00003.png" not in crops.annotations.images


def test_rows_without_any_label_are_counted_and_left_out(labeled):
    path = labeled / "manifest.csv"
    lines = path.read_text().splitlines()
    lines[1] = "p0/00001.png,p0,1,train,,,,,"
    path.write_text("\n".join(lines) + "\n")
    crops = load_labeled(SetPlace(data=labeled), "train")
    assert (len(crops), crops.num_unlabeled) == (49, 1)


def test_crops_with_a_tie_of_votes_alone_are_learned_from(labeled):
    lines = ["image,video,frame,split,votes:Anger,votes:Fear"]
    for number in range(1, 6):
        lines.append(f"p0/{number:05d}.png,p0,{number},train,2,2")
    (labeled / "manifest.csv").write_text("\n".join(lines) + "\n")
    crops = load_labeled(SetPlace(data=labeled), "train")
    assert (len(crops), crops.num_unlabeled) == (5, 0)
    labels, spaces = join_labels([crops]), crops.annotations.spaces
    assert labeled_tasks(labels) == (Task.EXPRESSION,)
    targets, valid = crop_targets(labels, np.arange(5), torch.device("cpu"), spaces)
    assert valid[Task.EXPRESSION].all()
    assert targets[Task.EXPRESSION].amax().item() == 0.5
    counts = count_labels([labels], spaces).class_counts
    assert counts.sum() == 5
    assert counts[spaces.expressions.index("Fear")] == 2.5


def test_crops_of_another_folder_are_found_by_name(labeled, tmp_path):
    place = tmp_path / "cut" / "p0" / "00001.png"
    place.parent.mkdir(parents=True)
    cv2.imwrite(str(place), np.zeros((16, 16, 3), np.uint8))
    (tmp_path / "cut" / MARKER).write_text("{}")
    crops = load_labeled(SetPlace(data=labeled, images=tmp_path / "cut"), "train")
    assert crops.paths == (place,)
    assert crops.is_cut


def test_crops_are_found_in_a_pack_as_in_its_folder(labeled, tmp_path):
    (labeled / "p0" / "00003.png").unlink()
    pack_images(labeled, tmp_path / "pack", tar_bytes=9000, tick=lambda done, num: None)
    plain = load_labeled(SetPlace(data=labeled), "train")
    packed = load_labeled(SetPlace(data=labeled, images=tmp_path / "pack"), "train")
    assert (len(packed), packed.num_missing) == (49, 1)
    assert packed.annotations.images == plain.annotations.images
    np.testing.assert_array_equal(packed.paths[20].read(), read_image(plain.paths[20]))


def test_photographs_whose_names_are_numbers_are_not_mistaken_for_frames(tmp_path):
    for name in ("0001.png", "0002.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((16, 16, 3), np.uint8))
    (tmp_path / "manifest.csv").write_text(
        "image,split,expression\n0002.png,train,Anger\n0003.png,train,Fear\n"
    )
    crops = load_labeled(SetPlace(data=tmp_path), "train")
    assert crops.paths == (tmp_path / "0002.png",)
    assert crops.num_missing == 1


def test_a_set_without_any_label_is_refused(labeled):
    lines = ["image,video,frame,split,votes:Anger,votes:Fear"]
    lines += [f"p0/{number:05d}.png,p0,{number},train,0,0" for number in range(1, 6)]
    (labeled / "manifest.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(UsageError, match="train: rows must have labels, got none"):
        load_labeled(SetPlace(data=labeled), "train")


def test_a_set_without_any_crop_is_refused(labeled, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(MissingData, match=r"none of the 50 labeled crops .*; name"):
        load_labeled(SetPlace(data=labeled, images=tmp_path / "none"), "train")


def test_other_sets_are_mapped_to_the_labels_of_the_first(labeled, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    cv2.imwrite(str(other / "a.png"), np.zeros((16, 16, 3), np.uint8))
    cv2.imwrite(str(other / "b.png"), np.zeros((16, 16, 3), np.uint8))
    (other / "manifest.csv").write_text(
        "image,split,expression[affectnet-expressions-8],AU02\n"
        "a.png,train,Happiness,1\n"
        "b.png,train,Contempt,0\n"
    )
    first, second = load_sets([SetPlace(data=labeled), SetPlace(data=other)], "train")
    assert second.annotations.spaces == first.annotations.spaces
    labels = join_labels([first, second])
    happiness = first.annotations.spaces.expressions.index("Happiness")
    assert labels.expression.values[50] == happiness
    assert labels.expression.valid[50:].tolist() == [True, False]
    assert labels.action_units.values[50].tolist() == [0, 1]
    assert labels.action_units.valid[50].tolist() == [False, True]


def test_people_set_aside_train_nothing(labeled, recipe):
    sets = load_sets([SetPlace(data=labeled)], "train")
    parts = split_sets(sets, recipe)
    train, dev = set(parts.train[0].subjects), set(parts.dev[0].subjects)
    assert dev
    assert not train & dev
    assert len(parts.train[0]) + len(parts.dev[0]) == 50


def test_everybody_trains_where_the_last_epoch_is_kept(labeled, recipe):
    sets = load_sets([SetPlace(data=labeled)], "train")
    parts = split_sets(sets, replace(recipe, selection=KeepLast()))
    assert parts.dev == ()
    assert len(parts.train[0]) == 50


def test_labels_are_counted_where_they_are_given(labeled):
    (crops,) = load_sets([SetPlace(data=labeled)], "train")
    counts = count_labels([join_labels([crops])], crops.annotations.spaces)
    assert counts.class_counts.sum() == 50
    assert counts.unit_total.tolist() == [40, 40]
    assert counts.unit_positive[1] == 0
