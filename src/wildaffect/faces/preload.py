"""Loading of the face networks while a command still imports the rest of its code."""

from contextlib import suppress
from threading import Thread, main_thread


def preload_networks(device_name: str, threads: int) -> None:
    """Load the vendored networks in a thread; the next analyzer of the process uses them.

    Nothing is raised here: the analyzer waits for a network that is being loaded, and
    fails where it cannot be.
    """
    Thread(target=_load, args=(device_name, threads), name="preload").start()


def _load(device_name: str, threads: int) -> None:
    with suppress(Exception):  # raised again by the analyzer
        # Imports in this thread, so that the command goes on with its own.
        from wildaffect.faces.blendshapes import Blendshapes  # noqa: PLC0415
        from wildaffect.faces.detector import FaceDetector  # noqa: PLC0415
        from wildaffect.faces.mesh import FaceMesh  # noqa: PLC0415
        from wildaffect.faces.occlusion import Occlusion  # noqa: PLC0415
        from wildaffect.runtime.network import Device  # noqa: PLC0415

        device = Device(name=device_name, threads=threads)
        for network in (FaceMesh, FaceDetector, Blendshapes, Occlusion):
            if main_thread().is_alive():  # else the command has ended
                network(device)
