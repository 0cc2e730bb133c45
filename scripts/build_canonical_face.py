"""Take the canonical face and its rigid points out of MediaPipe's `face_landmarker.task`.

Run once: `python scripts/build_canonical_face.py face_landmarker.task`. The file inside the
bundle is a protocol buffer (GeometryPipelineMetadata): field 1 the mesh, whose field 3 is a
list of floats x, y, z, u, v per vertex; field 2, repeated, a vertex number and its weight.
"""

import io
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

METADATA = "geometry_pipeline_metadata_landmarks.binarypb"
TARGET = Path(__file__).parents[1] / "src/wildaffect/faces/assets/canonical_face.npz"


def fields(message: bytes) -> Iterator[tuple[int, int | bytes | float]]:
    """Yield (field number, value) of one protocol-buffer message."""
    stream = io.BytesIO(message)
    while (key := read_varint(stream)) is not None:
        number, wire = key >> 3, key & 7
        if wire == 0:
            yield number, read_varint(stream) or 0
        elif wire == 2:
            yield number, stream.read(read_varint(stream) or 0)
        elif wire == 5:
            yield number, struct.unpack("<f", stream.read(4))[0]
        else:
            raise ValueError(f"{METADATA}: wire type must be 0, 2 or 5, got {wire}")


def read_varint(stream: io.BytesIO) -> int | None:
    """Read one variable-length integer; None at the end."""
    value = shift = 0
    while byte := stream.read(1):
        value |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            return value
    return None


def main(task: Path) -> None:
    """Write vertices (468, 3) in cm, x to the image's right, y up, z to the viewer."""
    with zipfile.ZipFile(task) as bundle:
        metadata = list(fields(bundle.read(METADATA)))
    mesh = next(value for number, value in metadata if number == 1)
    buffer = [value for number, value in fields(mesh) if number == 3]
    basis = [dict(fields(value)) for number, value in metadata if number == 2]
    np.savez_compressed(
        TARGET,
        vertices=np.array(buffer, np.float32).reshape(-1, 5)[:, :3],
        rigid_index=np.array([entry.get(1, 0) for entry in basis], np.int64),
        rigid_weight=np.array([entry[2] for entry in basis], np.float32),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
