"""What the page of a finished forecast says, from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecasts.models import LEVELS, ForecastPoint
from forecasts.presentation import (
    calibration_note,
    last_close,
    origin_note,
    points_of_series,
    price_points,
    shown_series,
)
from forecasts.trust import standing
from forecasts.views.scored import scored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from forecasts.models import Evaluation, Forecast
    from forecasts.presentation import Point

TABLE_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
LAST_TRUST_STEP = 20
COVERAGES = (50, 80, 90, 95)


@dataclass(frozen=True)
class Summary:
    """The last point: its 80 % band and its median, beside the anchor's close and what came."""

    anchor_close: float
    step: int
    date: date
    low: float
    high: float
    median: float
    actual: float | None

    @property
    def change(self) -> float:
        return self.median / self.anchor_close - 1

    @property
    def low_change(self) -> float:
        return self.low / self.anchor_close - 1

    @property
    def high_change(self) -> float:
        return self.high / self.anchor_close - 1

    @property
    def held(self) -> bool | None:
        """Whether the price that came lay within the band; None while it is not known."""
        return None if self.actual is None else self.low <= self.actual <= self.high


@dataclass(frozen=True)
class TableRow:
    """One session ahead at TABLE_LEVELS."""

    step: int
    date: date
    prices: list[float]
    actual: float | None


@dataclass(frozen=True)
class EvidenceRow:
    """The model beside the naive cone at one step; ratios below 1 and skill above 0 speak for the model."""

    step: int
    skill: float | None
    p_value: float | None
    rmse_ratio: float | None
    coverages: list[float | None]

    @property
    def is_significant(self) -> bool:
        return self.p_value is not None and self.p_value < 0.05


@dataclass(frozen=True)
class CalibrationRow:
    """Where the outcomes of one step fell, as shares of tenths of the model's law, which each promised 0.1.

    The ratios are to the naive cone: of the mean width of the 80 % band, and of the Brier score of chances.
    """

    step: int
    tenths: list[float]
    width_ratio: float | None
    brier_ratio: float | None


@dataclass(frozen=True)
class MethodRow:
    """A method's CRPS by step, with whether it is the lowest."""

    method: str
    scores: list[tuple[float | None, bool]]


def summarise_shown(forecast: Forecast) -> Summary | None:
    """Return the last point of the series that is shown."""
    return _summarise(forecast, price_points(forecast, shown_series(forecast)[0]))


def report(forecast: Forecast) -> dict[str, Any]:
    """Return the context of the page of a forecast that succeeded."""
    shown, other = shown_series(forecast)
    series = points_of_series(forecast, [shown, other])
    evaluation = forecast.evaluation
    steps = _steps(evaluation, forecast.horizon) if evaluation else []
    return {
        "summary": _summarise(forecast, series[shown]),
        "scored": scored(forecast),
        "standing": standing(forecast),
        "origin_note": origin_note(forecast),
        "calibration_note": calibration_note(forecast),
        "levels": TABLE_LEVELS,
        "rows": _table(series[shown]),
        "other_rows": _table(series[other]),
        "shown_naive": shown == ForecastPoint.NAIVE,
        "evaluation": evaluation,
        "pooled": _pooled(evaluation) if evaluation else None,
        "evidence": _evidence(evaluation, steps) if evaluation else [],
        "steps": steps,
        "coverages": COVERAGES,
        "calibration": _calibration(evaluation, steps) if evaluation else [],
        "methods": _methods(evaluation, steps) if evaluation else [],
    }


def _summarise(forecast: Forecast, points: Sequence[Point]) -> Summary | None:
    anchor = last_close(forecast)
    if anchor is None or not points:
        return None
    last = points[-1]
    low, high = last.quantiles[LEVELS.index(0.1)], last.quantiles[LEVELS.index(0.9)]
    return Summary(anchor, last.step, last.date, low, high, last.median, last.actual)


def _table(points: Sequence[Point]) -> list[TableRow]:
    places = [LEVELS.index(level) for level in TABLE_LEVELS]
    return [
        TableRow(point.step, point.date, [point.quantiles[place] for place in places], point.actual)
        for point in points
    ]


def _steps(evaluation: Evaluation, horizon: int) -> list[int]:
    """Return the steps judged that lie within the horizon, and always those that trust rests on."""
    return sorted({row["step"] for row in evaluation.metrics if row["step"] <= max(horizon, LAST_TRUST_STEP)})


def _pooled(evaluation: Evaluation) -> dict[str, Any] | None:
    return _skill(evaluation, None)


def _skill(evaluation: Evaluation, step: int | None) -> dict[str, Any] | None:
    """The skill over the naive cone at a step; None pools the steps."""
    wanted = (ForecastPoint.MODEL, step, ForecastPoint.NAIVE)
    rows = (row for row in evaluation.skill if (row["method"], row["step"], row["reference"]) == wanted)
    return next(rows, None)


def _evidence(evaluation: Evaluation, steps: Sequence[int]) -> list[EvidenceRow]:
    scores = _scores(evaluation)
    return [
        _evidence_row(
            scores[ForecastPoint.MODEL, step],
            scores.get((ForecastPoint.NAIVE, step), {}),
            _skill(evaluation, step) or {},
        )
        for step in steps
        if (ForecastPoint.MODEL, step) in scores
    ]


def _scores(evaluation: Evaluation) -> dict[tuple[str, int], dict[str, Any]]:
    return {(row["method"], row["step"]): row for row in evaluation.metrics}


def _evidence_row(model: dict[str, Any], naive: dict[str, Any], skill: dict[str, Any]) -> EvidenceRow:
    return EvidenceRow(
        step=model["step"],
        skill=skill.get("crps_skill"),
        p_value=skill.get("p_value"),
        rmse_ratio=_ratio(model, naive, "rmse"),
        coverages=[model.get(f"coverage_{promised}") for promised in COVERAGES],
    )


def _ratio(model: dict[str, Any], naive: dict[str, Any], score: str) -> float | None:
    """The model's score over the naive cone's; None where either is zero, unknown or not stored."""
    mine, other = model.get(score), naive.get(score)
    return mine / other if mine and other else None


def _calibration(evaluation: Evaluation, steps: Sequence[int]) -> list[CalibrationRow]:
    """Rows of the steps that have a PIT histogram: evaluations stored before there was one have none."""
    scores = _scores(evaluation)
    return [
        _calibration_row(model, scores.get((ForecastPoint.NAIVE, step), {}))
        for step in steps
        if (model := scores.get((ForecastPoint.MODEL, step), {})).get("pit")
    ]


def _calibration_row(model: dict[str, Any], naive: dict[str, Any]) -> CalibrationRow:
    return CalibrationRow(
        step=model["step"],
        tenths=[count / sum(model["pit"]) for count in model["pit"]],
        width_ratio=_ratio(model, naive, "width_80"),
        brier_ratio=_ratio(model, naive, "brier"),
    )


def _methods(evaluation: Evaluation, steps: Sequence[int]) -> list[MethodRow]:
    """Every method's CRPS, the model first."""
    scores = {(row["method"], row["step"]): row.get("crps") for row in evaluation.metrics}
    names = sorted({method for method, _ in scores}, key=lambda name: (name != ForecastPoint.MODEL, name))
    columns = [_marked([scores.get((name, step)) for name in names]) for step in steps]
    return [MethodRow(name, list(row)) for name, row in zip(names, zip(*columns, strict=True), strict=True)]


def _marked(column: Sequence[float | None]) -> list[tuple[float | None, bool]]:
    """Pair each score with whether it is the lowest of its column."""
    lowest = min((score for score in column if score is not None), default=None)
    return [(score, score is not None and score == lowest) for score in column]
