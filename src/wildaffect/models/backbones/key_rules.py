"""Renaming of the keys of weight files by rules."""

import re
from collections.abc import Sequence

KeyRules = Sequence[tuple[str, str]]
"""Pattern and replacement; the first pattern that a key contains applies."""


def rename_key(key: str, rules: KeyRules) -> str:
    """Return a key under its new name; without a rule for it, the key itself."""
    for pattern, name in rules:
        new, is_changed = re.subn(pattern, name, key)
        if is_changed:
            return new
    return key
