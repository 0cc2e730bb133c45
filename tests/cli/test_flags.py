"""A flag means one thing: equal names take equal values in all commands."""

from collections.abc import Iterator

import pytest

from wildaffect.cli.main import invocation_of
from wildaffect.cli.overview import COMMANDS
from wildaffect.cli.parser.parts import Flag, flags_of
from wildaffect.cli.parser.spec import spec_of

pytest.importorskip("torch", reason="the flags of training need the extra `train`")

RECIPES = [
    ["train", "modern"],
    ["train", "abaw4-ensemble"],
    ["train", "abaw4-system"],
    ["train", "open-real"],
    ["finetune", "finetune-densefer"],
    ["pretrain", "mae-micro"],
]

MEANINGS = {
    "--accept-license": "",
    "--address": "HOST:PORT",
    "--annotations": "PATH",
    "--as": "NAME",
    "--backbone": "NAME=RUN",
    "--batch-size": "N",
    "--blendshapes": "",
    "--channels-last": "",
    "--compile": "",
    "--data": "PATH",
    "--data-license": "TEXT",
    "--decoders": "N",
    "--device": "DEVICE",
    "--dtype": "float16|float32",
    "--ema-decay": "X",
    "--engine": "local|ray",
    "--features": "PATH",
    "--first-frame": "0|1",
    "--format": "FORMAT",
    "--images": "PATH",
    "--images-as": "CONTENT",
    "--json": "",
    "--landmarks": "",
    "--layout": "LAYOUT",
    "--license": "TEXT",
    "--list": "PATH",
    "--measurements": "",
    "--micro-batch-size": "N",
    "--model": "MODEL",
    "--name": "NAME",
    "--network": "NAME",
    "--neutral": "FACE",
    "--num-epochs": "N",
    "--output": "PATH",
    "--overwrite": "",
    "--people": "N",
    "--precision": "PRECISION",
    "--quiet": "",
    "--report": "PATH",
    "--resamples": "N",
    "--score-split": "SPLIT",
    "--stop-after": "N",
    "--seed": "N",
    "--shard": "I/N",
    "--size": "PIXELS",
    "--split": "SPLIT",
    "--stop": "SECONDS",
    "--strategy": "ddp|fsdp",
    "--threads": "N|auto",
    "--token-file": "PATH",
    "--trackers": "wandb|mlflow",
    "--train-split": "SPLIT",
    "--workers": "N",
}
"""Name of the value of each flag that several commands have; several may take `...`."""

WORDS = {
    "--address": "Address of the Ray cluster",
    "--data": "annot",
    "--data-license": "License of",
    "--device": "Device",
    "--engine": "Run workers on this machine, or on a Ray cluster",
    "--features": "Feature store",
    "--first-frame": "first frame",
    "--format": "Format",
    "--images": "Folder",
    "--images-as": "image",
    "--json": "as JSON",
    "--layout": "ayout",
    "--license": "License",
    "--list": "Official test list",
    "--num-epochs": "pochs",
    "--precision": "recision",
    "--quiet": "rogress",
    "--report": "Also write the report",
    "--score-split": "Split",
    "--seed": "eed",
    "--shard": "one of N equal parts of the inputs",
    "--split": "Split",
    "--threads": "hreads",
    "--workers": "Number of",
}
"""Words in the help of each of these, in every command."""


def flags() -> Iterator[tuple[str, Flag]]:
    """Yield each command with each of its flags."""
    for words in [*map(str.split, COMMANDS), *RECIPES]:
        for flag in flags_of(spec_of(invocation_of(words))):
            yield " ".join(words), flag


def test_a_flag_of_several_commands_takes_the_same_values_in_all_of_them():
    shared: dict[str, set[str]] = {}
    commands: dict[str, set[str]] = {}
    for command, flag in flags():
        if flag.is_positional or "." in flag.name:
            continue
        metavar = flag.label.partition(" ")[2].removesuffix("...")
        shared.setdefault(flag.name, set()).add(metavar)
        commands.setdefault(flag.name, set()).add(command.split()[0])
    shared = {name: shared[name] for name in shared if len(commands[name]) > 1}
    assert shared == {name: {metavar} for name, metavar in MEANINGS.items()}


@pytest.mark.parametrize("name", WORDS)
def test_a_flag_is_explained_in_the_same_words(name):
    texts = {command: flag.help for command, flag in flags() if flag.name == name}
    assert len(texts) > 1
    assert {c: text for c, text in texts.items() if WORDS[name] not in text} == {}


def test_every_flag_is_explained():
    assert [f"{command}: {flag.name}" for command, flag in flags() if not flag.help] == []
