"""The feature store: a file of values per video, track and feature set, with a sidecar.

Layout: `<root>/<feature set>/<video>/<track>.json` beside
`<track>.<random>.safetensors`, names percent-encoded. The sidecar is written last and
refers to its file of values, which is never written again: a sidecar always describes a
complete file, and a killed writer leaves at most files without a sidecar. There is no
shared index; the content of the store is found by listing it. Symbols: T rows, D columns.
"""

import re
import time
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple
from urllib.parse import quote, unquote
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.errors import FeatureError, OutputError
from wildaffect.core.version import __version__
from wildaffect.features.numbers import Blocks, not_written, write_entry_file, write_numbers
from wildaffect.features.records import (
    FeatureTable,
    Precision,
    Provenance,
    Sidecar,
    TableHead,
    feature_key,
)
from wildaffect.features.stored import StoredFeatures

_SIDECAR = TypeAdapter(Sidecar)
_MAX_NAME_BYTES = 180
_BLOCK_ROWS = 256


class EntryName(NamedTuple):
    """Key of features; a store has one version of each."""

    feature_set: str
    video: str
    track: str


class FeatureStore:
    """A folder of features; safe for concurrent readers and writers."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make_folder(self) -> None:
        """Create the store's folder if missing, before rows are computed for it.

        Raises:
            OutputError: If it cannot be created or written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise OutputError(
                f"{self.root}: feature store must be a folder to write to, got: "
                f"{error.strerror}"
            ) from error

    def write(self, table: FeatureTable, dtype: Precision = "float16") -> Sidecar:
        """Store a table; an entry of the same name is replaced.

        Raises:
            FeatureError: If a value does not fit the type, or a name is too long.
            OutputError: If it cannot be written; what is stored stays as it is.
        """
        starts = range(0, len(table.values), _BLOCK_ROWS)
        blocks = (table.values[start : start + _BLOCK_ROWS] for start in starts)
        return self.write_blocks(table, blocks, dtype)

    def write_blocks(self, head: TableHead, blocks: Blocks, dtype: Precision) -> Sidecar:
        """Store rows block by block, without loading all into memory; else as `write`.

        Args:
            head: Description of the rows, with their frames and times.
            blocks: Values of these rows in order; iterated once.
            dtype: Data type to store.

        Raises:
            FeatureError: If a value is not finite or does not fit the type, a name is too
                long, or the blocks have other rows or columns than the head.
            OutputError: If it cannot be written; what is stored stays as it is.
        """
        name = EntryName(head.feature_set, head.video, head.track)
        sidecar_path = self._sidecar_path(name)
        stem = sidecar_path.name.removesuffix(".json")
        sidecar = Sidecar(
            feature_set=head.feature_set,
            video=head.video,
            track=head.track,
            columns=head.columns,
            dtype=dtype,
            num_rows=len(head.frame_number),
            provenance=head.provenance,
            num_tracks=head.num_tracks,
            numbering=head.numbering,
            time_is_guessed=head.time_is_guessed,
            clips=head.clips,
            code_version=__version__,
            key=feature_key(head.feature_set, dtype, head.provenance),
            data_file=f"{stem}.{uuid4().hex}.safetensors",
        )
        folder = sidecar_path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_written(folder, error) from error
        before = self._sidecar_or_none(name)
        write_numbers(folder / sidecar.data_file, head, blocks, dtype)
        try:
            write_entry_file(sidecar_path, _SIDECAR.dump_json(sidecar, indent=1))
        except OutputError:
            (folder / sidecar.data_file).unlink(missing_ok=True)
            raise
        if before:
            (folder / before.data_file).unlink(missing_ok=True)
        return sidecar

    def remove(self, name: EntryName) -> None:
        """Delete an entry; readers that have it open can still read its values."""
        sidecar = self.sidecar(name)
        path = self._sidecar_path(name)
        path.unlink(missing_ok=True)
        (path.parent / sidecar.data_file).unlink(missing_ok=True)

    def key_of(self, name: EntryName) -> str | None:
        """Return the key under which an entry is stored, None if there is no such entry."""
        sidecar = self._sidecar_or_none(name)
        return sidecar.key if sidecar else None

    def open(self, name: EntryName, *, expect: Provenance | None = None) -> StoredFeatures:
        """Open an entry; with `expect`, check its origin.

        Raises:
            FeatureError: If there is no such entry (the nearest name is suggested), its
                origin differs (the message has both digests), or its files are damaged.
        """
        folder = self._sidecar_path(name).parent
        missing = None
        while True:
            sidecar = self.sidecar(name)
            path = folder / sidecar.data_file
            if expect is not None:
                _check_provenance(name, sidecar.provenance, expect)
            if path == missing:
                raise FeatureError(f"no such file: {path}, which its sidecar names")
            try:
                return StoredFeatures(sidecar, path)
            except FileNotFoundError:  # replaced since the sidecar was read, or lost
                missing = path

    def sidecar(self, name: EntryName) -> Sidecar:
        """Return the sidecar of an entry.

        Raises:
            FeatureError: If there is no such entry, or its sidecar is damaged.
        """
        sidecar = self._sidecar_or_none(name)
        if sidecar is None:
            raise FeatureError(self._describe_missing(name))
        return sidecar

    def entries(self, feature_set: str | None = None) -> Iterator[EntryName]:
        """Yield the entries sorted by name: all, or those of one feature set.

        Raises:
            FeatureError: If there is no such set; the message suggests the nearest.
        """
        known = self.feature_sets()
        if feature_set is not None and feature_set not in known:
            raise FeatureError(
                f"{self.root}: feature set must be one of the store's, "
                f"got {feature_set!r}; {_suggest(feature_set, known)}"
            )
        for name in known if feature_set is None else [feature_set]:
            for path in sorted((self.root / _encode(name)).glob("*/*.json")):
                yield EntryName(name, unquote(path.parent.name), unquote(path.stem))

    def feature_sets(self) -> list[str]:
        """Return the names of the stored sets, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(unquote(path.name) for path in self.root.iterdir() if path.is_dir())

    def tracks(self, feature_set: str, video: str) -> list[str]:
        """Return the tracks of one video, sorted; empty if it is not in the set."""
        folder = self.root / _encode(feature_set) / _encode(video)
        return sorted(unquote(path.stem) for path in folder.glob("*.json"))

    def remove_leftovers(self, older_than_s: float) -> int:
        """Delete files without a sidecar, left by killed writers; return their number.

        Files younger than `older_than_s` may belong to an active writer and are kept.
        """
        named = {
            self._sidecar_path(name).parent / self.sidecar(name).data_file
            for name in self.entries()
        }
        found = {*self.root.glob("*/*/*.safetensors"), *self.root.glob("*/*/.*.part")}
        oldest = time.time() - older_than_s
        leftovers = [path for path in found - named if path.stat().st_mtime < oldest]
        for path in leftovers:
            path.unlink(missing_ok=True)
        return len(leftovers)

    def _describe_missing(self, name: EntryName) -> str:
        entries = list(self.entries(name.feature_set))
        videos = sorted({entry.video for entry in entries})
        where = f"{self.root}: {name.feature_set}"
        if name.video not in videos:
            return (
                f"{where}: video must be one of {len(videos)} stored, got {name.video!r}; "
                f"{_suggest(name.video, videos)}"
            )
        tracks = ", ".join(self.tracks(name.feature_set, name.video))
        return f"{where} of {name.video}: track must be one of {tracks}, got {name.track!r}"

    def _sidecar_path(self, name: EntryName) -> Path:
        folder = self.root / _encode(name.feature_set) / _encode(name.video)
        return folder / f"{_encode(name.track)}.json"

    def _sidecar_or_none(self, name: EntryName) -> Sidecar | None:
        path = self._sidecar_path(name)
        try:
            sidecar = _SIDECAR.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            first = error.errors()[0]
            raise FeatureError(
                f"{path}: sidecar must be as this version writes it, got "
                f"{'.'.join(map(str, first['loc'])) or 'no JSON'}: {first['msg']}"
            ) from error
        _check_data_file(path, sidecar)
        return sidecar


def _check_data_file(path: Path, sidecar: Sidecar) -> None:
    """Reject a sidecar that refers to the values of another entry."""
    own = re.compile(re.escape(path.stem) + r"\.[0-9a-f]{32}\.safetensors")
    if not own.fullmatch(sidecar.data_file):
        raise FeatureError(
            f"{path}: data_file must be {path.stem}.<32 hexadecimal digits>.safetensors in "
            f"the same folder, got {sidecar.data_file!r}; this store was altered, delete "
            "this sidecar and extract again"
        )


def _check_provenance(name: EntryName, stored: Provenance, expect: Provenance) -> None:
    for field in Provenance.__slots__:
        if getattr(stored, field) != getattr(expect, field):
            raise FeatureError(
                f"{name.feature_set} of {name.video}, track {name.track}: {field} must be "
                f"{getattr(expect, field)}, got {getattr(stored, field)}; extract it again"
            )


def _suggest(wanted: str, known: list[str]) -> str:
    near = get_close_matches(wanted, known, n=3, cutoff=0.3) or known[:3]
    return f"did you mean {', '.join(near)}?" if near else "the store is empty"


def _encode(name: str) -> str:
    encoded = quote(name, safe=" ")
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if not name or len(encoded) > _MAX_NAME_BYTES:
        raise FeatureError(
            f"feature store: names must have 1 to {_MAX_NAME_BYTES} bytes when "
            f"percent-encoded, got {name!r}"
        )
    return encoded
