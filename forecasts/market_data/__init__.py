"""Sources of prices, one module each. They answer with bars; the pipeline stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecasts.market_data.base import Provider


def provider_for(source: str) -> Provider:
    """Return the provider of an instrument's source; uploads have none, for their owner brings the bars."""
    from forecasts.market_data.sample import SampleProvider
    from forecasts.market_data.yahoo import YahooProvider

    providers: dict[str, Provider] = {"sample": SampleProvider(), "yahoo": YahooProvider()}
    return providers[source]
