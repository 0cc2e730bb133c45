"""The static folder in which the networks run in a browser."""

import hashlib
import json
import lzma
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from wildaffect.core.errors import BadArtifact, OutputError
from wildaffect.core.files import write_whole
from wildaffect.inference.artifact import DEFAULT, Artifact, load_artifact
from wildaffect.runtime.to_onnx import to_onnx
from wildaffect.webapp.settings import FACE_NETWORKS, build_settings
from wildaffect.webapp.web_assets import assets

RUNTIME_SHA256 = {
    "ort-wasm-simd-threaded.wasm": (
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
    ),
    "ort.wasm.bundle.min.mjs": (
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90"
    ),
}
"""Files of onnxruntime-web 1.30.0 with their hashes; the package has them compressed."""
INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A folder that any static web server can serve."""

    folder: Path
    index: Path
    """The page to open, once the folder is served."""
    num_files: int
    size_bytes: int


def write_webapp(output: str | Path, *, model: str | Path | Artifact = DEFAULT) -> Site:
    """Write the web app: pages, scripts, networks as ONNX and the runtime.

    The folder needs no other file and no other server: whatever is analyzed in it stays in
    the browser. Files of an earlier call are replaced.

    Args:
        output: Folder to write; created if missing.
        model: Name of an embedded or added model, folder or zip of an exported one, or
            result of `load_model`.

    Raises:
        BadArtifact: If the model cannot be used, or cannot run in a browser.
        OutputError: If the folder holds other files, or cannot be written.
    """
    folder = Path(output)
    artifact = model if isinstance(model, Artifact) else load_artifact(model)
    files = _files(artifact)
    _check_folder(folder)
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    return Site(
        folder=folder,
        index=folder / INDEX,
        num_files=len(files),
        size_bytes=sum(map(len, files.values())),
    )


def _files(artifact: Artifact) -> dict[str, bytes]:
    """Return the content of the site by path; the page is last."""
    settings = build_settings(artifact)
    files = {"settings.json": json.dumps(settings, allow_nan=False).encode()}
    for name, model in FACE_NETWORKS.items():
        path = model.verified_path()
        content = path.read_bytes() if path.suffix == ".onnx" else to_onnx(path)
        files[f"networks/{settings['networks'][name]}"] = content
    files |= {f"networks/{name}": content for name, content in artifact.networks.items()}
    files |= _asset_files(assets())
    files[INDEX] = files.pop(INDEX)
    return files


def _asset_files(folder: Traversable, prefix: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found |= _asset_files(entry, f"{name}/")
        elif name.endswith(".xz"):
            found[name.removesuffix(".xz")] = _unpacked(entry)
        else:
            found[name] = entry.read_bytes()
    return found


def _unpacked(entry: Traversable) -> bytes:
    """Return a file of the runtime after comparing it with its hash."""
    name = entry.name.removesuffix(".xz")
    try:
        content = lzma.decompress(entry.read_bytes())
    except lzma.LZMAError as error:
        raise BadArtifact(f"{entry.name}: {error}; reinstall wildaffect") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != RUNTIME_SHA256[name]:
        raise BadArtifact(
            f"{name}: sha256 must be {RUNTIME_SHA256[name]}, got {digest}; "
            "reinstall wildaffect"
        )
    return content


def _check_folder(folder: Path) -> None:
    """Refuse a folder of other files, which a site would mix with."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: must be a folder, and is a file")
    if (
        folder.is_dir()
        and any(folder.iterdir())
        and not (folder / "settings.json").is_file()
    ):
        raise OutputError(f"{folder}: holds other files; choose an empty or new folder")
