"""Feature stores, files of features, packs, stored outputs and result tables."""

import tempfile
from pathlib import Path

import cv2
import h5py
import numpy as np
from mutations import mutate, mutate_json, mutate_lines
from target import Seed, Target, files_below

from wildaffect.calibration.stored_outputs import StoredOutputs, load_outputs, save_outputs
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task
from wildaffect.features.importing import import_features
from wildaffect.features.packs import INDEX, Pack, pack_images
from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import FeatureStore
from wildaffect.inference.calibration import Calibration, apply_calibration
from wildaffect.outputs.resume import is_finished
from wildaffect.outputs.sidecar import Provenance as ResultProvenance
from wildaffect.outputs.table import read_table, recover
from wildaffect.outputs.tables import parquet_rows
from wildaffect.outputs.video_tables import write_video_tables

_ROWS = 9


def _store() -> list[Seed]:
    origin = Provenance(content_sha256="c", preprocess_sha256="p", weights_sha256="w")
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder))
        for track in "01":
            table = FeatureTable(
                feature_set="s",
                video="v",
                track=track,
                columns=("a", "b", "c"),
                frame_number=np.arange(_ROWS),
                time_s=np.arange(_ROWS) / 30,
                values=np.random.default_rng(0).normal(size=(_ROWS, 3)).astype(np.float32),
                provenance=origin,
                num_tracks=2,
            )
            store.write(table)
        files = files_below(Path(folder))
    spoiled = {name: mutate_json if name.endswith("json") else mutate for name in files}
    return [Seed(files=files, spoiled=spoiled)]


def _read_store(folder: Path) -> None:
    store = FeatureStore(folder)
    for name in store.entries():
        stored = store.open(name)
        assert stored.read().shape == (len(stored), len(stored.sidecar.columns))
        stored.read(slice(2, 5))
        stored.nearest_row(4)
    store.remove_leftovers(-1.0)
    for name in list(store.entries()):
        store.remove(name)


def _npz() -> list[Seed]:
    arrays = {
        "v/feature": np.ones((_ROWS, 3), np.float32),
        "v/frame_number": np.arange(_ROWS),
        "v/time_s": np.arange(_ROWS) / 30,
    }
    seeds = []
    for save in (np.savez, np.savez_compressed):
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "f.npz", **arrays)
            seeds.append(Seed(files=files_below(Path(folder)), main="f.npz"))
    return seeds


def _hdf5() -> list[Seed]:
    seeds = []
    for options in ({}, {"compression": "gzip", "chunks": (4, 3)}):
        with tempfile.TemporaryDirectory() as folder:
            with h5py.File(Path(folder) / "f.h5", "w") as file:
                for video in "ab":
                    values = np.ones((_ROWS, 3), np.float32)
                    file.create_dataset(f"{video}/feature", data=values, **options)
            seeds.append(Seed(files=files_below(Path(folder)), main="f.h5"))
    return seeds


def _import(path: Path) -> None:
    import_features(path, FeatureStore(path.parent / "store"), feature_set="s")


def _pack() -> list[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "crops").mkdir()
        for number in range(3):
            cv2.imwrite(str(root / f"crops/{number}.png"), np.zeros((8, 8, 3), np.uint8))
        pack_images(root / "crops", root / "pack", tar_bytes=1000, tick=lambda *_: None)
        files = files_below(root / "pack")
    return [Seed(files=files, spoiled=dict.fromkeys([INDEX, "00000.tar"], mutate))]


def _read_pack(folder: Path) -> None:
    pack = Pack(folder)
    assert pack.folders
    for image in pack.images():
        image.read()


def _sequence() -> SequenceOutputs:
    rng = np.random.default_rng(0)
    return SequenceOutputs(
        video="v",
        frame_number=np.arange(1, _ROWS + 1),
        time_s=np.arange(_ROWS) / 30,
        probs={
            Task.VALENCE: rng.uniform(-1, 1, _ROWS).astype(np.float32),
            Task.EXPRESSION: rng.dirichlet(np.ones(8), _ROWS).astype(np.float32),
            Task.ACTION_UNITS: rng.random((_ROWS, 12)).astype(np.float32),
        },
        spread={},
    )


def _outputs() -> list[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        save_outputs(StoredOutputs(outputs=(_sequence(),)), Path(folder) / "val.npz")
        return [Seed(files=files_below(Path(folder)), main="val.npz")]


def _tables() -> list[Seed]:
    seeds = []
    for suffix in (".csv", ".jsonl", ".parquet"):
        with tempfile.TemporaryDirectory() as folder:
            write_video_tables(
                [apply_calibration(_sequence(), Calibration())],
                Path(folder),
                first_frame=1,
                suffix=suffix,
            )
            files = files_below(Path(folder))
        text = mutate if suffix == ".parquet" else mutate_lines
        spoiled = {f"v{suffix}": text, f"v{suffix}.json": mutate_json}
        seeds.append(Seed(files=files, main=f"v{suffix}", spoiled=spoiled))
        if suffix != ".parquet":
            part = f"v{suffix}.part"
            named = {f"{part}.json": files[f"v{suffix}.json"], part: files[f"v{suffix}"]}
            spoiled = {part: text, f"{part}.json": mutate_json}
            seeds.append(Seed(files=named, main=part, spoiled=spoiled))
    return [*seeds, _arrow_part()]


def _arrow_part() -> Seed:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.parquet"
        write_video_tables(
            [apply_calibration(_sequence(), Calibration())],
            Path(folder),
            first_frame=1,
            suffix=".parquet",
        )
        table = read_table(path)
        part = parquet_rows.header(table.schema)
        part += b"".join(parquet_rows.rows(batch) for batch in table.to_batches())
        sidecar = path.with_name("v.parquet.json").read_bytes()
    files = {"v.parquet.part": part, "v.parquet.part.json": sidecar}
    spoiled = {"v.parquet.part": mutate, "v.parquet.part.json": mutate_json}
    return Seed(files=files, main="v.parquet.part", spoiled=spoiled)


def _read_table(path: Path) -> None:
    is_finished(path, ResultProvenance())
    read_table(path).to_pylist()
    if path.suffix == ".part":
        read_table(recover(path)).to_pylist()


STORE_TARGETS = (
    Target(name="feature store", make=_store, read=_read_store, weight=5),
    Target(name="features npz", make=_npz, read=_import, weight=3),
    Target(name="features hdf5", make=_hdf5, read=_import, weight=3),
    Target(name="pack", make=_pack, read=_read_pack, weight=2),
    Target(name="stored outputs", make=_outputs, read=load_outputs, weight=2),
    Target(name="result table", make=_tables, read=_read_table, weight=5),
)
