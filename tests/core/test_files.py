import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from wildaffect.core.files import (
    FileBusy,
    open_part,
    part_of,
    publish,
    whole_file,
    write_whole,
)

WRITER = """
import sys, time
from pathlib import Path
from wildaffect.core.files import whole_file
with whole_file(Path(sys.argv[1])) as part:
    part.write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer():
    """Start a process that is half way through a file."""
    started = []

    def start(path):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        started.append(child)
        assert child.stdout.readline() == "writing\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_file_appears_under_its_name_when_the_block_ends(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"old")
    with whole_file(path) as part:
        part.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_pieces_are_written_in_order(tmp_path):
    write_whole(tmp_path / "x", (bytes([i]) for i in range(5)))
    assert (tmp_path / "x").read_bytes() == bytes(range(5))


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_no_part(tmp_path, stop):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def pieces():
        yield b"half"
        raise stop

    with pytest.raises(stop):
        write_whole(path, pieces())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_takes_over(tmp_path, writer):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    child = writer(path)
    child.kill()
    child.wait()
    assert path.read_bytes() == b"old"
    assert part_of(path).read_bytes() == b"half"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_part_of_a_process_at_work_is_not_touched(tmp_path, writer, monkeypatch):
    monkeypatch.setattr("wildaffect.core.files._WAIT_S", 0.2)
    path = tmp_path / "x"
    writer(path)
    with pytest.raises(FileBusy, match="another process is writing it"):
        write_whole(path, b"new")
    with pytest.raises(FileBusy):
        open_part(part_of(path))
    assert part_of(path).read_bytes() == b"half"


def test_writers_of_one_file_take_turns_and_every_reader_finds_it_whole(tmp_path):
    path = tmp_path / "x"
    write_whole(path, bytes(100_000))

    def write(number):
        write_whole(path, bytes([number]) * 100_000)
        return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write, range(40)))
    assert all(len(content) == 100_000 and len(set(content)) == 1 for content in found)
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_that_was_published_while_another_waited_is_left_alone(tmp_path):
    part, path = tmp_path / "x.part", tmp_path / "x"
    with ThreadPoolExecutor(1) as pool, open_part(part) as file:
        waiting = pool.submit(_retry, part)
        file.write(b"first")
        time.sleep(0.2)
        publish(part, path)
    with waiting.result() as second:
        second.write(b"second")
    assert path.read_bytes() == b"first"
    assert part.read_bytes() == b"second"


def _retry(part):
    while True:
        try:
            return open_part(part)
        except FileBusy:
            time.sleep(0.01)


def test_names_may_be_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("x" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    write_whole(path, b"1")
    assert path.read_bytes() == b"1"


def test_a_folder_is_published_with_what_is_in_it(tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "part/a").write_bytes(b"1")
    publish(tmp_path / "part", tmp_path / "whole")
    assert (tmp_path / "whole/a").read_bytes() == b"1"
