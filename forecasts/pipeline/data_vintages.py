"""Prices as they were when a forecast was made: what has been restated since is undone, and hashes tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecasts import ingest
from forecasts.models import BAR_COLUMNS, Forecast, Instrument, PriceBar, Restatement
from forecasts.pipeline.prices import Known, Market
from ml_engine import bars as price_history

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class DataVintage:
    """The bars and the market that a forecast started from, as far as they can be had back.

    `same_bars` and `same_market` say whether the hashes are those of then; `undone` which restatements were
    undone, and `written` on which of the sessions bars were stored anew since; `market_written` says whether
    any of the market's were, or were restated.
    """

    known: Known
    anchor_close: float
    same_bars: bool
    same_market: bool
    undone: list[Restatement]
    written: list[pd.Timestamp]
    market_written: bool


def vintage_of(forecast: Forecast) -> DataVintage | None:
    """Return the data that a forecast that succeeded was made from; None where no bars are left.

    A bar that was provisional then is so again: nothing is fitted on it.
    """
    about: dict[str, Any] = forecast.model or {}
    undone = list(
        forecast.instrument.restatements.filter(revision__gt=forecast.bars_revision).order_by("-revision")
    )
    stored = forecast.instrument.bars.closed().as_frame("fetched_at")
    candidates = [
        bars.loc[: f"{forecast.data_as_of}"]
        for bars in (_undone(stored, undone), _undone(_without_late(stored, undone, forecast), undone))
    ]
    if candidates[0].empty:
        return None
    adjusted = [price_history.adjust_for_dividends(bars) for bars in candidates]
    hashes = [price_history.content_hash(bars) for bars in adjusted]
    place = hashes.index(forecast.bars_hash) if forecast.bars_hash in hashes else 0
    is_settled = about.get("origin", PriceBar.State.FINAL) in PriceBar.FINAL_STATES
    market, market_written = _market(forecast, about.get("market"), is_settled)
    past = stored.loc[: f"{forecast.data_as_of}"]
    return DataVintage(
        known=Known(adjusted[place], market, is_settled),
        anchor_close=float(candidates[place]["close"].iloc[-1]),
        same_bars=hashes[place] == forecast.bars_hash,
        same_market=market.sha256 == (about.get("market") or {}).get("sha256", ""),
        undone=undone,
        written=list(past.index[past["fetched_at"] > forecast.started_at]),
        market_written=market_written,
    )


def _undone(bars: pd.DataFrame, restatements: Iterable[Restatement]) -> pd.DataFrame:
    """Return the bars of before the restatements, which come newest first."""
    bars = bars[list(BAR_COLUMNS)]
    for restatement in restatements:
        span = ingest.restored(bars, restatement)
        if restatement.reason == Restatement.Reason.SPLIT:
            span["volume"] *= restatement.price_factor
        rest = bars[
            (bars.index < f"{restatement.first_session}") | (bars.index > f"{restatement.last_session}")
        ]
        bars = pd.concat([rest, span]).sort_index()
    return bars


def _without_late(
    bars: pd.DataFrame, restatements: Iterable[Restatement], forecast: Forecast
) -> pd.DataFrame:
    """Leave out sessions that came late, after the forecast: a restatement of no price says where."""
    for restatement in restatements:
        if restatement.sessions == 0:
            span = (bars.index >= f"{restatement.first_session}") & (
                bars.index <= f"{restatement.last_session}"
            )
            bars = bars[~(span & (bars["fetched_at"] > forecast.started_at).to_numpy())]
    return bars


def _market(forecast: Forecast, told: dict[str, Any] | None, is_settled: bool) -> tuple[Market, bool]:
    """Return the closes that the model was told, and whether bars of them were written or restated since.

    `told` is the model's provenance; without it there were none. Only a close of the anchor's own day can
    have been provisional, as the anchor's bar was.
    """
    if told is None:
        return Market(), False
    index = Instrument.objects.filter(symbol=told["symbol"], owner=None).first()
    if index is None:
        return Market(told["symbol"]), False
    undone = list(index.restatements.filter(noticed_at__gt=forecast.started_at).order_by("-revision"))
    stored = index.bars.closed().as_frame("fetched_at")
    bars = _undone(stored, undone).loc[: told["as_of"]]
    if bars.empty:
        return Market(told["symbol"]), False
    past = stored.loc[: told["as_of"]]
    written = bool((past["fetched_at"] > forecast.started_at).any())
    same_day = told["as_of"] == f"{forecast.data_as_of}"
    market = Market(told["symbol"], bars["adj_close"].rename(None))
    return replace(market, is_settled=is_settled or not same_day), bool(undone) or written
