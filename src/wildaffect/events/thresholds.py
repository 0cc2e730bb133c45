"""Thresholds of action units, which tables carry as metadata of their columns."""

import pyarrow as pa
import pyarrow.compute as pc

PRESENT = "_present"
"""End of the name of the column with the decisions of an action unit."""
THRESHOLD = b"threshold"
"""Key of the metadata of such a column."""


def action_unit_labels(schema: pa.Schema) -> tuple[str, ...]:
    """Return the action units that have both a probability and a decision."""
    names = set(schema.names)
    decided = [
        name.removesuffix(PRESENT) for name in schema.names if name.endswith(PRESENT)
    ]
    return tuple(label for label in decided if label in names)


def estimated_thresholds(table: pa.Table) -> dict[str, float]:
    """Return action unit -> smallest probability of a row in which it is present.

    An upper bound of the threshold, for a table that was separated from its sidecar. An
    action unit that is never present has none, and no events.
    """
    found = {}
    for label in action_unit_labels(table.schema):
        present = table[label].filter(table[label + PRESENT])
        smallest = pc.min(present).as_py()
        if smallest is not None:
            found[label] = float(smallest)
    return found


def stored_thresholds(schema: pa.Schema) -> dict[str, float]:
    """Return action unit -> threshold in the metadata of its decisions, where it is."""
    found = {}
    for label in action_unit_labels(schema):
        metadata = schema.field(label + PRESENT).metadata or {}
        if THRESHOLD in metadata:
            found[label] = float(metadata[THRESHOLD])
    return found
