"""A model is loaded once and used for several sources."""

import numpy as np

import wildaffect


def test_a_loaded_model_gives_what_its_name_gives():
    model = wildaffect.load_model("baseline-rules")
    assert repr(model).startswith("Artifact(baseline-rules ")
    assert len(repr(model)) < 200
    image = np.zeros((64, 64, 3), np.uint8)
    by_name = wildaffect.analyze(image, model="baseline-rules")
    assert wildaffect.analyze(image, model=model).table.equals(by_name.table)
