"""The help of every command, as it was last looked at.

`python tests/cli/test_snapshots.py` writes the files anew; look at what changed.
"""

from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest

from wildaffect.cli.main import main
from wildaffect.cli.overview import COMMANDS

SNAPSHOTS = Path(__file__).parent / "snapshots"
NEED_TRAIN = {"pretrain", "finetune", "train"}
CALLS = {
    **{name.replace(" ", "-"): [*name.split(), "--help"] for name in COMMANDS},
    "overview": ["--help"],
    "weights": ["weights"],
    "train-modern": ["train", "modern", "--help"],
    "train-modern-tcn": ["train", "modern", "--model.encoder.kind", "tcn", "--help"],
    "train-abaw4-label-feedback": ["train", "abaw4-label-feedback", "--help"],
    "train-abaw4-ensemble": ["train", "abaw4-ensemble", "--help"],
    "train-abaw4-system": ["train", "abaw4-system", "--help"],
    "finetune-densefer": ["finetune", "finetune-densefer", "--help"],
    "pretrain-mae-micro": ["pretrain", "mae-micro", "--help"],
}


def shown(words: list[str]) -> str:
    """Return what a call prints."""
    with redirect_stdout(StringIO()) as out:
        assert main(words) == 0
    return out.getvalue()


@pytest.mark.parametrize("name", CALLS)
def test_help_reads_as_it_was_last_looked_at(name):
    if CALLS[name][0] in NEED_TRAIN and find_spec("torch") is None:
        pytest.skip("this help needs the extra `train`")
    text = shown(CALLS[name])
    assert text == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 80
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_every_file_is_compared():
    assert {path.stem for path in SNAPSHOTS.iterdir()} == set(CALLS)


if __name__ == "__main__":
    for file in SNAPSHOTS.glob("*.txt"):
        file.unlink()
    SNAPSHOTS.mkdir(exist_ok=True)
    for stem, call in CALLS.items():
        (SNAPSHOTS / f"{stem}.txt").write_text(shown(call), encoding="utf-8")
