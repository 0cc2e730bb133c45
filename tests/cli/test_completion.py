"""Completion scripts, queried as the shells do."""

import shlex
import shutil
import subprocess
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from wildaffect.cli.main import main
from wildaffect.cli.parser.completion import SHELLS

CASES = [
    (["an"], {"analyze"}),
    (["data", ""], {"check", "fetch"}),
    (["weights", ""], {"import", "list"}),
    (["analyze", "--over"], {"--overlay"}),
    (["analyze", "--format", ""], {"csv", "parquet", "jsonl", "dataset"}),
    (["synth", "make", "ti"], {"tiny"}),
    (["analyze", "cl"], {"clip.mp4"}),
    (["analyze", "--overlay", "cl"], {"clip.mp4"}),
    (["analyze", "clip.mp4", "--output", "cl"], {"clip.mp4"}),
    (["doctor", "--zzz"], set()),
]
OF_TRAINING = [
    (["train", "modern-g"], {"modern-gru"}),
    (["train", "modern", "--model.encoder.k"], {"--model.encoder.kind"}),
    (["finetune", "finetune-densenet121", "--optim.peak"], {"--optim.peak-lr"}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Folder with the scripts of all shells."""
    path = tmp_path_factory.mktemp("scripts")
    for shell in SHELLS:
        with redirect_stdout(StringIO()) as out:
            assert main(["--print-completion", shell]) == 0
        (path / f"wildaffect.{shell}").write_text(out.getvalue())
    return path


@pytest.fixture
def script(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").touch()
    return lambda shell: str(folder / f"wildaffect.{shell}")


def answer(*command: str) -> set[str]:
    """Return the words that a shell prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return {line.split("\t")[0] for line in done.stdout.splitlines() if line}


def query_bash(script: str, words: list[str]) -> set[str]:
    query = " ".join(map(shlex.quote, ["wildaffect", *words]))
    return answer(
        "bash",
        "-c",
        f"source {script}; COMP_WORDS=({query}); COMP_CWORD={len(words)}; _wildaffect\n"
        'printf "%s\\n" "${COMPREPLY[@]}"',
    )


@pytest.mark.parametrize(("words", "expected"), CASES)
def test_bash_completes_commands_options_choices_and_files(words, expected, script):
    assert query_bash(script("bash"), words) == expected


@pytest.mark.parametrize(("words", "expected"), OF_TRAINING)
def test_bash_completes_recipes_and_their_settings(words, expected, script):
    pytest.importorskip("torch", reason="recipes need the extra `train`")
    assert query_bash(script("bash"), words) == expected


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(("words", "expected"), CASES)
def test_fish_completes_commands_options_choices_and_files(words, expected, script):
    line = shlex.join(["wildaffect", *words[:-1]]) + f" {words[-1]}"
    query = f"source {script('fish')}; complete -C {shlex.quote(line)}"
    assert answer("fish", "--no-config", "-c", query) >= expected


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_the_script(script):
    query = f"autoload -U compinit; compinit -u -D; source {script('zsh')}"
    shown = answer("zsh", "-f", "-c", f"{query}; print $_comps[wildaffect]")
    assert shown == {"_cyclopts_wildaffect"}


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_another_shell_is_refused_with_the_shells_that_are_known(words, capsys):
    assert main(["--print-completion", *words]) == 2
    assert "name a shell: bash, zsh, fish" in capsys.readouterr().err
