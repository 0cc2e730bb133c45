import threading

from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.mesh import FaceMesh
from wildaffect.faces.preload import preload_networks
from wildaffect.runtime import network
from wildaffect.runtime.network import Device


def _wait():
    for thread in threading.enumerate():
        if thread.name == "preload":
            thread.join()


def test_networks_loaded_ahead_are_those_that_are_used_next():
    network._kept.cache_clear()
    preload_networks("cpu", 1)
    FaceMesh(Device())  # while it is being loaded, or before
    _wait()
    loaded = network._kept.cache_info().misses
    FaceDetector(Device())
    assert loaded == network._kept.cache_info().misses == 4


def test_what_cannot_be_loaded_ahead_is_left_to_the_analyzer():
    failures = []
    threading.excepthook, hook = failures.append, threading.excepthook
    try:
        preload_networks("nonsense", 0)
        _wait()
    finally:
        threading.excepthook = hook
    assert not failures
