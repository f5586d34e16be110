"""The challenger forecasts beside the champion, from the same bars: stored, scored, and shown to nobody."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from forecasts.models import Forecast, ForecastPoint
from forecasts.pipeline.champion import challenger_for

if TYPE_CHECKING:
    from datetime import date

    from forecasts.pipeline.calibrating import Correction
    from forecasts.pipeline.prices import Known

logger = logging.getLogger(__name__)

Series = dict[str, list[list[float]]]  # log returns (step, level)


def in_the_shadow(
    forecast: Forecast, anchor: date, known: Known, correction: Correction | None
) -> tuple[dict[str, str], Series]:
    """Return whose shadow it is, for the forecast's provenance, and what it says; both empty without one.

    The ledger's correction is the same as the model's: what would have been shown, had it answered. Whatever
    goes wrong is logged, and costs the forecast nothing.
    """
    if forecast.method != Forecast.Method.HOUSE:
        return {}, {}
    try:
        challenger = challenger_for(anchor)
        if challenger is None:
            return {}, {}
        said = challenger.predict(known.bars, horizon=forecast.horizon, market=known.market.closes)
        quantiles = said.log_returns[0].tolist()
        quantiles = correction.applied(quantiles) if correction else quantiles
    except Exception:  # also a worker that is nearly out of time: the forecast itself is ready to be stored
        logger.exception("Forecast %s goes without its shadow.", forecast.pk)
        return {}, {}
    name = ForecastPoint.CHALLENGER
    return {name: challenger.card.sha256}, {name: quantiles}
