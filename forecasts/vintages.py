"""What the shipped house models say of themselves, read as plain JSON: no engine, no torch."""

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings


@lru_cache(maxsize=1)
def release_hash() -> str:
    """Return the SHA-256 of all shipped cards: a forecast asked for after a new release is a new one."""
    digest = hashlib.sha256()
    for card in sorted(Path(settings.HOUSE_MODEL_DIR).glob("*/card.json")):
        digest.update(card.parent.name.encode() + card.read_bytes())
    return digest.hexdigest()
