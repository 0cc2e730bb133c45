"""Models that are added: license, names, listing, removal and several processes at once."""

import json
import re
import shlex
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.support.networks import page_network

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import BadArtifact, BadWeights, UsageError
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.stored_models import stored_names, stored_path
from wildaffect.runtime.onnx_writer import OnnxGraph

DESCRIPTION = """\
title = "Toy"
license = "CC BY-NC 4.0"
terms = "No commercial use."
source = "https://example.org/toy"
training_data = "faces of our own"
[input]
size_px = 32
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
[[outputs]]
task = "action_units"
labels = ["AU04", "AU12"]
values = "logits"
thresholds = [0.4, 0.6]
"""


def network(seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    graph = OnnxGraph("toy")
    graph.add_input("crop", [None, 3, 32, 32])
    graph.add_constant("k", rng.normal(size=(2, 3, 32, 32)).astype(np.float32) / 30)
    graph.add_node("Conv", ["crop", "k"], "units")
    graph.add_output("units", [None, 2, 1, 1])
    return graph.content()


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def file(tmp_path) -> Path:
    (tmp_path / "toy.toml").write_text(DESCRIPTION)
    path = tmp_path / "toy.onnx"
    path.write_bytes(network())
    return path


def test_a_license_must_be_accepted(file, capsys):
    with pytest.raises(UsageError, match=r"license 'CC BY-NC 4\.0' of Toy is not accepted"):
        wildaffect.add_model(file, "toy")
    shown = []
    with pytest.raises(UsageError):
        wildaffect.add_model(file, "toy", accept_license=shown.append)
    assert "No commercial use." in shown[0]
    assert "faces of our own" in shown[0]
    assert main(["models", "add", str(file), "--as", "toy"]) == 2
    printed = capsys.readouterr()
    assert "terms: No commercial use." in printed.err
    assert "pass --accept-license if you accept them" in printed.err
    assert stored_names() == ()


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("\n", 2), ("no\n", 2)])
def test_a_terminal_is_prompted(file, monkeypatch, capsys, typed, status):
    class Terminal:
        def isatty(self):
            return True

        def readline(self):
            return typed

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert main(["models", "add", str(file), "--as", "toy"]) == status
    assert "Accept these terms? [y/N]" in capsys.readouterr().err
    assert stored_names() == (("toy",) if status == 0 else ())


def test_an_added_model_is_listed_shown_run_and_removed(file, capsys, tmp_path):
    words = ["models", "add", str(file), "--as", "toy", "--accept-license", "--json"]
    assert main(words) == 0
    added = json.loads(capsys.readouterr().out)
    assert (added["name"], added["license"]) == ("toy", "CC BY-NC 4.0")
    assert main(["models", "list", "--json"]) == 0
    assert added in json.loads(capsys.readouterr().out)
    assert main(["models", "show", "toy"]) == 0
    card = capsys.readouterr().out
    looks = load_artifact("toy").manifest.inputs[0]
    assert f"toy.onnx, sha256 {looks.weights_sha256}" in card
    assert "Training data: faces of our own" in card

    portrait = Path(wildaffect.__file__).parent / "demo/astronaut.jpg"
    output = tmp_path / "rows.csv"
    assert main(["analyze", str(portrait), "--model", "toy", "-o", str(output)]) == 0
    capsys.readouterr()
    header, row = output.read_text().splitlines()[:2]
    values = dict(zip(header.split(","), row.split(","), strict=True))
    present = {"0": False, "1": True, "false": False, "true": True}
    for unit, threshold in (("AU04", 0.4), ("AU12", 0.6)):
        probability = float(values[unit])
        is_present = present[values[f"{unit}_present"].lower()]
        assert is_present == (probability >= threshold)
    assert values["valence"] == ""  # not predicted
    sidecar = json.loads(next(tmp_path.glob("rows*.json")).read_text())
    assert "CC BY-NC 4.0" in json.dumps(sidecar)
    assert sidecar["options"]["neutral"]["policy"] == "unused"

    assert main(["models", "remove", "toy"]) == 0
    assert stored_names() == ()
    assert main(["models", "remove", "toy"]) == 2
    assert "no added model 'toy'; added: none" in capsys.readouterr().err
    assert main(["analyze", str(portrait), "--model", "toy", "-o", str(output)]) == 1


def test_names_are_not_taken_by_accident(file):
    wildaffect.add_model(file, "toy", accept_license=True)
    before = load_artifact("toy").digest
    with pytest.raises(UsageError, match="toy is already added"):
        wildaffect.add_model(file, "toy", accept_license=True)
    file.write_bytes(network(seed=1))
    wildaffect.add_model(file, "toy", accept_license=True, overwrite=True)
    assert load_artifact("toy").digest != before
    with pytest.raises(UsageError, match="default is a model of the package"):
        wildaffect.add_model(file, "default", accept_license=True, overwrite=True)
    for name in ("../up", "", ".hidden", "a/b"):
        with pytest.raises(UsageError, match="name: must be up to 64 letters"):
            wildaffect.add_model(file, name, accept_license=True)


def test_one_process_of_two_adds_a_name(file):
    """The second finds the name taken, though it was free when it began."""

    def accept_late(terms):
        wildaffect.add_model(file, "toy", accept_license=True)
        return True

    with pytest.raises(UsageError, match="toy is already added"):
        wildaffect.add_model(file, "toy", accept_license=accept_late)
    assert stored_names() == ("toy",)
    assert [path.name for path in stored_path("toy").parent.iterdir()] == ["toy.zip"]


def test_a_file_is_looked_at_before_its_description_is_missed(tmp_path):
    with pytest.raises(BadWeights, match="no such file"):
        wildaffect.add_model(tmp_path / "none.onnx", "toy")
    for name in ("net.pth", "NET.PTH"):
        (tmp_path / name).write_bytes(b"1")
        with pytest.raises(BadWeights, match="PyTorch files are not read"):
            wildaffect.add_model(tmp_path / name, "toy")


def test_ratings_and_intensities_are_listed(file, capsys):
    description = file.with_suffix(".toml")
    head = DESCRIPTION.split("[[outputs]]", maxsplit=1)[0]
    for task, listed in (("dimensions", "2 ratings"), ("intensities", "2 intensities")):
        labels = '["AU06", "AU12"]\nrange = [0, 5]\n'
        description.write_text(f'{head}[[outputs]]\ntask = "{task}"\nlabels = {labels}')
        assert main(["models", "add", str(file), "--as", task, "--accept-license"]) == 0
        assert f"predicts {listed}\n" in capsys.readouterr().out


def test_a_damaged_model_is_named_and_the_others_listed(file, capsys):
    wildaffect.add_model(file, "toy", accept_license=True)
    wildaffect.add_model(file, "other", accept_license=True)
    path = stored_path("toy")
    path.write_bytes(path.read_bytes()[:-40])
    assert main(["models", "list", "--json"]) == 1
    printed = capsys.readouterr()
    assert "other" in {model["name"] for model in json.loads(printed.out)}
    assert "toy" in printed.err
    assert "wildaffect models remove toy" in printed.err


def test_models_are_whole_while_others_replace_them(file):
    wildaffect.add_model(file, "toy", accept_license=True)
    other = file.with_name("other.onnx")
    other.write_bytes(network(seed=1))
    files, failures = [file, other], []
    done = threading.Event()

    def read():
        while not done.is_set():
            try:
                load_artifact("toy")
            except BadArtifact as error:
                failures.append(error)

    def replace(path):
        for _ in range(4):
            wildaffect.add_model(
                path, "toy", description=file.with_suffix(".toml"), accept_license=True,
                overwrite=True,
            )  # fmt: skip

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=replace, args=(path,)) for path in files]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert stored_names() == ("toy",)


PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def test_the_commands_of_the_page_work_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8").split("# I have weights from elsewhere")[1]
    (description,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    Path("my-network.toml").write_text(description)
    Path("my-network.onnx").write_bytes(page_network({"scores": 5, "units": 2}))
    Path("enet_b0_8_va_mtl.onnx").write_bytes(page_network({"output": 10}))
    commands = [
        shlex.split(line)[1:]
        for line in page.splitlines()
        if line.startswith("wildaffect models")
        and ("/" not in line)  # those of packages: tests/e2e/test_published_weights.py
    ]
    assert {words[1] for words in commands} == {"add", "list", "show", "remove"}
    for words in commands:
        accepted = "--accept-license" in words or words[1] != "add"
        assert main([*words, *([] if accepted else ["--accept-license"])]) == 0, words
    assert stored_names() == ("hsemotion",)
    assert "AU12" in capsys.readouterr().out
