"""Making an issued forecast again, and saying whether the numbers are the same to the bit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from forecasts.errors import ForecastFailed
from forecasts.models import LEVELS, Forecast, ForecastPoint
from forecasts.pipeline.calibrating import Correction
from forecasts.pipeline.champion import house_of
from forecasts.pipeline.data_vintages import DataVintage, vintage_of
from forecasts.pipeline.fitting import Hooks, fit
from forecasts.pipeline.work import series_of
from ml_engine.errors import EngineError, UnadjustedSplitWarning
from ml_engine.forecaster import LSTMForecaster

if TYPE_CHECKING:
    from forecasts.pipeline.prices import Known
    from ml_engine.quantiles import FloatArray

Series = dict[str, list[list[float]]]  # log returns (step, level)

# Of the 80 % band's width. Restored prices are off by up to a ten-thousandth; sessions move by a hundredth.
TOLERANCE = 0.02
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


class Finding(StrEnum):
    SAME = "same"
    NEAR = "as good as the same, as far as can be told"
    DIFFERS = "different"
    MISSING = "gone, so that it cannot be compared"


@dataclass
class Reproduction:
    """What came of it, in the order in which it was looked at."""

    lines: list[tuple[Finding, str]] = field(default_factory=list)

    def add(self, finding: Finding, words: str) -> None:
        self.lines.append((finding, words))

    def has(self, finding: Finding) -> bool:
        return any(found == finding for found, _ in self.lines)

    @property
    def is_identical(self) -> bool:
        return all(found == Finding.SAME for found, _ in self.lines)


def reproduce(forecast: Forecast) -> Reproduction:
    """Make a forecast that succeeded again, from the bars, closes, weights and settings of then."""
    found = Reproduction()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnadjustedSplitWarning)
        data = vintage_of(forecast)
        if data is None:
            found.add(Finding.MISSING, "bars: none are stored any more")
            return found
        _compare_bars(found, forecast, data)
        _compare_market(found, forecast, data)
        model = _model(found, forecast, data.known)
        if model is not None:
            _compare_points(found, forecast, _series(found, forecast, model, data.known))
    return found


def _compare_bars(found: Reproduction, forecast: Forecast, data: DataVintage) -> None:
    count = f"{len(data.known.bars)} sessions up to {forecast.data_as_of}"
    undone = ", ".join(f"{one.reason} of {one.noticed_at:%Y-%m-%d}" for one in data.undone)
    after = f", after undoing {undone}" if undone else ""
    if data.same_bars:
        found.add(Finding.SAME, f"bars: {count}, as they were{after}")
    elif data.undone or data.written:
        again = _days(data)
        found.add(Finding.NEAR, f"bars: {count}, not to the bit as they were{after}{again}")
    else:
        found.add(
            Finding.DIFFERS, f"bars: {count}; their hash is another, and no change of them is on record"
        )
    if forecast.anchor_close and abs(data.anchor_close / forecast.anchor_close - 1) > 1e-4:
        found.add(
            Finding.DIFFERS,
            f"anchor: the close of {forecast.data_as_of} was {forecast.anchor_close:g}, "
            f"and is {data.anchor_close:g}",
        )


def _days(data: DataVintage) -> str:
    if not data.written:
        return ""
    first, last = data.written[0], data.written[-1]
    return f"; {len(data.written)} were stored anew since, {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _compare_market(found: Reproduction, forecast: Forecast, data: DataVintage) -> None:
    told = (forecast.model or {}).get("market")
    if told is None:
        found.add(Finding.SAME, "market: none was told")
    elif data.same_market:
        found.add(Finding.SAME, f"market: closes of {told['symbol']} up to {told['as_of']}, as they were")
    elif data.known.market.closes is None:
        found.add(Finding.MISSING, f"market: no closes of {told['symbol']} are stored any more")
    else:
        # Where nothing says that the source changed them, somebody else has.
        finding = Finding.NEAR if data.market_written else Finding.DIFFERS
        found.add(finding, f"market: closes of {told['symbol']} up to {told['as_of']} have changed")


def _model(found: Reproduction, forecast: Forecast, known: Known) -> LSTMForecaster | None:
    """Return the model with the weights of then, or fitted as then; None where that cannot be."""
    about = forecast.model or {}
    sha256 = about.get("sha256", "")
    house = _house(forecast, sha256)
    if house is None:
        found.add(
            Finding.MISSING,
            f"model: the house model it is from is neither shipped nor stored ({sha256[:12]})",
        )
        return None
    try:
        model = fit(forecast, house, known, Hooks())
    except (EngineError, ForecastFailed) as error:
        found.add(Finding.MISSING, f"model: it cannot be fitted again. {error.message}")
        return None
    if model.card.sha256 == sha256:
        found.add(
            Finding.SAME, f"model: {about['name']} {about['version']}, the same weights ({sha256[:12]})"
        )
    else:
        # Other bars make other weights: what then counts is how far the numbers are apart.
        said = f"model: fitted again it has other weights ({model.card.sha256[:12]}, was {sha256[:12]})"
        found.add(_unless_exact(found), said)
    return model


def _unless_exact(found: Reproduction) -> Finding:
    """What a difference means: little where the data could not be had back to the bit."""
    return Finding.NEAR if found.has(Finding.NEAR) else Finding.DIFFERS


def _house(forecast: Forecast, sha256: str) -> LSTMForecaster | None:
    """Return the house model that it is, or was tuned from; one from scratch needs none, so any will do."""
    if forecast.method == Forecast.Method.FROM_SCRATCH:
        return LSTMForecaster.load()
    if forecast.method == Forecast.Method.FINE_TUNED:
        sha256 = forecast.evaluation.model_hash if forecast.evaluation else ""
    return house_of(sha256)


def _series(found: Reproduction, forecast: Forecast, model: LSTMForecaster, known: Known) -> Series:
    """Forecast with every series that this release makes, corrected by the ledger as then."""
    correction = None
    if said := forecast.calibration:
        correction = Correction(np.array(said["log_widths"]), said["scored"], said["entry"])
        found.add(Finding.SAME, f"calibration: by {said['scored']} scored forecasts, as stored")
    series = series_of(model, known, forecast.horizon, correction)
    name = ForecastPoint.CHALLENGER
    challenger = house_of((forecast.model or {}).get(name) or "")
    if challenger is not None:
        shadow = challenger.predict(known.bars, horizon=forecast.horizon, market=known.market.closes)
        quantiles = shadow.log_returns[0].tolist()
        series[name] = correction.applied(quantiles) if correction else quantiles
    return series


def _compare_points(found: Reproduction, forecast: Forecast, made: Series) -> None:
    stored: Series = {}
    for point in forecast.points.order_by("series", "step"):
        stored.setdefault(point.series, []).append(point.quantiles)
    if not stored:
        found.add(Finding.MISSING, "points: none are stored")
    for name, quantiles in stored.items():
        if name not in made:
            found.add(Finding.MISSING, f"points of {name}: nothing makes them any more")
        elif made[name] == quantiles:
            found.add(Finding.SAME, f"points of {name}: {len(quantiles)} steps, identical")
        elif len(made[name]) != len(quantiles):
            steps = f"{len(quantiles)} steps are stored, of {len(made[name])}"
            found.add(Finding.DIFFERS, f"points of {name}: {steps}")
        else:
            apart, words = _apart(name, np.array(made[name]), np.array(quantiles))
            near = apart <= TOLERANCE
            found.add(_unless_exact(found) if near else Finding.DIFFERS, words)


def _apart(name: str, made: FloatArray, stored: FloatArray) -> tuple[float, str]:
    """Return how far two series (step, level) are apart, over the 80 % band's width, and the words for it."""
    differences = np.abs(made - stored)
    step = int(differences.max(axis=1).argmax())
    largest = float(differences[step].max())
    width = np.maximum(stored[:, HIGH] - stored[:, LOW], 1e-12)
    share = float((differences.max(axis=1) / width).max())
    return share, (
        f"points of {name}: up to {largest:.2g} of log return apart, at step {step + 1}; "
        f"{share:.2%} of the 80 % band at most"
    )
