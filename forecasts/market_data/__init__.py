"""Sources of prices, one module each. They answer with bars; the pipeline stores them.

A module with a `SOURCE` is a source, and nothing else has to be told of it.
"""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecasts.market_data.base import Provider, Source


@lru_cache(maxsize=1)
def sources() -> dict[str, Source]:
    """Return all sources by key: those with a prefix first, for a bare symbol fits the one without."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    known = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {
        source.key: source for source in sorted(known, key=lambda source: (not source.prefix, source.key))
    }


def source_of(symbol: str) -> Source | None:
    """Return the source that a symbol in upper case names; None for uploads, which their owners bring."""
    return next((source for source in sources().values() if source.has(symbol)), None)


def source_name(key: str) -> str:
    """Return what people call a source."""
    return sources()[key].name if key in sources() else key


def provider_for(key: str) -> Provider:
    """Return the provider of an instrument's source; uploads have none, for their owner brings the bars."""
    return sources()[key].provider()
