import errno
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from wildaffect.cli.main import main
from wildaffect.cli.overview import COMMANDS
from wildaffect.core.dependencies import Dependency, dependency_that_differs, misfit
from wildaffect.demo.clip import PORTRAIT
from wildaffect.demo.compare import CLIP
from wildaffect.video.sources import open_container


@pytest.mark.parametrize(
    ("number", "reason", "advice"),
    [
        (
            errno.ENOSPC,
            "No space left on device",
            "free the disk or choose another place, and repeat the command",
        ),
        (  # also of a file that is only read
            errno.EACCES,
            "Permission denied",
            "change its permissions or choose another place",
        ),
    ],
)
def test_a_failed_call_of_the_system_gives_one_line(
    monkeypatch, capsys, number, reason, advice
):
    def fail(command):
        raise OSError(number, reason, "scores.json")

    monkeypatch.setattr("wildaffect.cli.commands.recipes_list.run", fail)
    assert main(["recipes", "list"]) == 1
    assert capsys.readouterr().err == f"wildaffect: scores.json: {reason}; {advice}\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["analyze", "x.mp4", "--overlya"], "--overlya; did you mean --overlay?"),
        (["analyze", "x.mp4", "--outptu", "x"], "--outptu; did you mean --output?"),
        (
            ["analyze", "x.mp4", "--format", "xlsx"],
            "csv, parquet, jsonl, dataset, got 'xlsx'",
        ),
        (["doctor", "extra"], "unexpected argument 'extra'"),
        (
            ["analyze", "x.mp4", "--every", "two"],
            "--every: must be a whole number, got 'two'",
        ),
        (["analyze"], "missing argument INPUT..."),
        (["report", __file__], "got '.py'; videos and pictures go to `wildaffect analyze`"),
        (["crop", "x", "-o", "y", "--size", "0"], "size must be at least 1, got 0"),
        (["anlyze", "x.mp4"], "did you mean analyze?"),
        (["zzz"], "see wildaffect --help"),
    ],
)
def test_a_wrong_word_gives_one_line_and_status_two(args, words, capsys):
    assert main(args) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("wildaffect: ")
    assert words in line


def test_a_folder_that_the_demo_cannot_make_is_one_line(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["demo", "-o", str(tmp_path / "taken/results")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "output folder must be writable" in line
    assert "choose another place with -o" in line


def test_the_folder_of_an_interrupted_run_leads_to_recover(tmp_path, capsys):
    (tmp_path / "clip.csv.part").write_text("frame")
    assert main(["report", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"left {tmp_path}/clip.csv.part: `wildaffect recover` makes it a result" in line


def test_every_command_is_listed_with_what_it_does(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    for name, summary in COMMANDS.items():
        assert f"  {name} " in shown
        assert summary in shown


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("wildaffect 0.")


def test_a_library_of_another_interface_ends_in_one_line_that_names_versions(tmp_path):
    """A library of terminals that knows nothing, installed over the one that was tested."""
    package = tmp_path / "rich"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "console.py").write_text("")
    notes = tmp_path / "rich-0.0.1.dist-info"
    notes.mkdir()
    (notes / "METADATA").write_text("Metadata-Version: 2.4\nName: rich\nVersion: 0.0.1\n")
    (notes / "RECORD").write_text("rich/__init__.py,,\n")
    done = subprocess.run(
        [sys.executable, "-m", "wildaffect", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("wildaffect: rich 0.0.1 (tested: >=")
    assert "cannot import name 'Console' from 'rich.console'" in line
    assert "; run: pip install 'rich>=" in line


def test_a_call_that_a_tested_library_does_not_know_is_reported_with_its_place(monkeypatch):
    """The version is one that was tested, so the call is at fault."""
    monkeypatch.setattr("wildaffect.video.sources._ANY_TAGS", {"no_such_argument": 1})
    with pytest.raises(TypeError) as caught:
        open_container(PORTRAIT)
    library = Dependency(name="av", tested=">=18,<20", found="19.0.2")
    assert dependency_that_differs(caught.value).name == "av"
    assert re.fullmatch(
        r"av 19\.0\.2 \(tested: .*\) does not work here: open\(\) got an "
        r"unexpected keyword argument 'no_such_argument'; "
        r"please report this, with sources\.py:\d+",
        misfit(library, caught.value),
    )


def test_a_file_that_a_library_cannot_open_any_more_names_the_library(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr("wildaffect.video.sources._ANY_TAGS", {"no_such_argument": 1})
    assert main(["analyze", str(CLIP), "-o", str(tmp_path), "--quiet"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(r"people\.mp4: av [\d.]+ \(tested: .*\) does not work here", line)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_imports_neither_torch_nor_numba(name):
    code = f"""
import sys
from wildaffect.cli.main import main
main({[*name.split(), "--help"]!r})
loaded = {{"torch", "numba", "pandas", "scipy"}} & set(sys.modules)
assert not loaded, loaded
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if find_spec("torch") or name not in {"train", "finetune", "pretrain"}:
        assert f"usage: wildaffect {name} " in done.stdout
    else:
        assert "needs an extra that is not installed" in done.stderr


@pytest.mark.parametrize("words", [["help", "data", "check"], ["help", "doctor"]])
def test_help_before_a_command_is_its_help(words, capsys):
    assert main(words) == 0
    assert f"usage: wildaffect {' '.join(words[1:])} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["weights", "lst"], "weights has no command 'lst'; did you mean weights list?"),
        (["weigths", "list"], "did you mean weights list?"),
        (["modles"], "did you mean models?"),
        (["models", "default"], "did you mean models show default?"),
        (["recipes", "shwo", "modern"], "did you mean recipes show?"),
        (["--foo"], "unknown option --foo; options come after the command"),
        (["help", "anlyze"], "did you mean analyze?"),
    ],
)
def test_a_near_miss_names_the_command(words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("words", [["weights"], ["weights", "--help"], ["help", "weights"]])
def test_a_group_shows_its_commands_with_summaries(words, capsys):
    assert main(words) == 0
    shown = capsys.readouterr().out
    for name in ("weights import", "weights list"):
        assert re.search(f"{name} +{COMMANDS[name]}", shown)
