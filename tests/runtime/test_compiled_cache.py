import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

from wildaffect.faces.models import MESH
from wildaffect.runtime import compiled_cache
from wildaffect.runtime.compiled_cache import cache_folder, read_entry, write_entry
from wildaffect.runtime.network import Device, Network
from wildaffect.runtime.prepare import Scaling

OPTIONS = {"shapes": {0: (1, 256, 256, 3)}, "scaling": Scaling(mean=0, std=255)}


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty cache folder."""
    monkeypatch.setenv(compiled_cache.ENVIRONMENT, str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


def unique(name):
    """A network that no other test has compiled: y = 2 x + z, of any length."""
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, "T", 3])
        for n in (f"x_{name}", f"z_{name}", f"y_{name}")
    ]
    two = helper.make_tensor("two", TensorProto.FLOAT, [], [2.0])
    nodes = [
        helper.make_node("Mul", [f"x_{name}", "two"], ["twice"]),
        helper.make_node("Add", ["twice", f"z_{name}"], [f"y_{name}"]),
    ]
    graph = helper.make_graph(nodes, "g", ends[:2], ends[2:], [two])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    return model.SerializeToString()


def load(content, threads):
    """Load it; a number of threads that was not used yet is not in memory either."""
    return Network(content, device=Device(threads=threads))


def twice_plus(network):
    x = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    (y,) = network(x, np.ones_like(x))
    np.testing.assert_array_equal(y, 2 * x + 1)


def test_a_network_from_the_cache_gives_the_same_results_bit_for_bit(folder):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)
    new = Network(MESH.path, device=Device(threads=5), **OPTIONS)(pixels)
    (entry,) = folder.iterdir()
    written = entry.read_bytes()
    stored = Network(MESH.path, device=Device(threads=6), **OPTIONS)(pixels)
    assert [path.read_bytes() for path in folder.iterdir()] == [written]
    for a, b in zip(new, stored, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_network_from_the_cache_has_the_same_ports(folder):
    content = unique("ports")
    networks = [load(content, threads) for threads in (1, 2)]
    assert len(list(folder.iterdir())) == 1
    for network in networks:
        assert network.input_names == ("x_ports", "z_ports")
        assert network.output_names == ("y_ports",)
        assert network.input_widths == {"x_ports": 3, "z_ports": 3}
        twice_plus(network)
        with pytest.raises(RuntimeError, match=r"input must have shape \[1,\?,3\]"):
            network(np.zeros((1, 2, 4), np.float32), np.zeros((1, 2, 4), np.float32))


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"", lambda b: b[::-1]])
def test_a_damaged_entry_is_compiled_again_and_replaced(folder, damage):
    content = unique(f"damaged_{damage(b'0123456789').decode()}")
    load(content, 1)
    (entry,) = folder.iterdir()
    good = entry.read_bytes()
    entry.write_bytes(damage(good))
    twice_plus(load(content, 2))
    assert read_entry(entry.name) is not None


def test_a_whole_entry_of_another_content_is_compiled_again(folder):
    content = unique("other_content")
    load(content, 1)
    (entry,) = folder.iterdir()
    other = b"not JSON\nand no network"
    entry.write_bytes(hashlib.sha256(other).digest() + other)
    twice_plus(load(content, 2))


@pytest.mark.skipif(os.name != "posix", reason="modes of folders")
def test_a_folder_that_others_can_write_is_not_used(folder):
    content = unique("shared_folder")
    load(content, 1)
    (entry,) = folder.iterdir()
    folder.chmod(0o777)
    assert read_entry(entry.name) is None
    entry.unlink()
    twice_plus(load(content, 2))
    assert not list(folder.iterdir())
    folder.chmod(0o700)


def test_networks_load_where_the_cache_cannot_be_written(folder):
    folder.parent.write_text("a file where the folder would be")
    twice_plus(load(unique("unwritable"), 1))
    assert folder.parent.read_text() == "a file where the folder would be"


def test_nothing_is_written_while_the_cache_is_off(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(compiled_cache.ENVIRONMENT, "off")
    twice_plus(load(unique("off"), 1))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv(compiled_cache.ENVIRONMENT)
    assert cache_folder().is_relative_to(tmp_path)


def test_the_oldest_entries_leave(folder, monkeypatch):
    monkeypatch.setattr(compiled_cache, "MAX_ENTRIES", 3)
    stamps = iter(range(100))

    def age():
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime):
            compiled_cache.os.utime(path, (1e9 + next(stamps),) * 2)

    for name in "abc":
        write_entry(name, name.encode())
        age()
    assert read_entry("a") == b"a"  # now the newest
    write_entry("d", b"d")
    assert {path.name for path in folder.iterdir()} == {"a", "c", "d"}
    assert read_entry("b") is None


WRITER = """
import sys
from wildaffect.runtime.compiled_cache import read_entry, write_entry
for i in range(150):
    write_entry("shared", sys.argv[1].encode() * 50_000)
    found = read_entry("shared")
    assert found is not None and len(set(found)) == 1, i
"""


def test_processes_that_write_one_entry_at_once_read_whole_ones(folder):
    running = [subprocess.Popen([sys.executable, "-c", WRITER, name]) for name in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert [path.name for path in folder.iterdir()] == ["shared"]
