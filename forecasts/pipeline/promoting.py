"""Whether the challenger takes the champion's place: decided by the ledger, and undone by one command."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
from django.utils import timezone

from forecasts.errors import ForecastFailed
from forecasts.models import Forecast, ForecastPoint, HouseModel, Score
from ml_engine.backtesting import POOLED_STEPS
from ml_engine.contest import Contest, Pairs, contest
from ml_engine.forecaster import vintages
from ml_engine.judging import SIGNIFICANT

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

# Dates of origin after which the challenger is judged. Who looks every day finds luck in the end; the chance
# of being wrong is shared out among these few looks (Bonferroni).
LOOKS = (100, 150, 200)
FEWEST_POINTS = 1000
# By how much the bands of 80 % may hold less well than those of the model that answered.
COVERAGE_SLACK = 0.03
PATIENCE = timedelta(days=365)

FIELDS = ("forecast_id", "step", "crps", "inside_80")
ABOUT = (
    "date",
    "usual",
    "forecast__instrument_id",
    "forecast__data_as_of",
    "forecast__horizon",
    "forecast__entry_id",
)


def judge_challenger() -> None:
    """Promote or reject the challenger where the ledger says enough; else leave it in the shadow.

    It can be called any number of times: between two looks the answer is the same.
    """
    challenger = HouseModel.objects.challenger()
    if challenger is None:
        return
    result = _contest(challenger)
    if result is not None:
        _decide(challenger, result)
    if timezone.now() - challenger.created_at > PATIENCE:
        _reject(challenger, "A year has passed, and the ledger does not show that it is better.")


def _decide(challenger: HouseModel, result: Contest) -> None:
    told = result.p_value is not None and result.p_value < SIGNIFICANT / len(LOOKS)
    holds = abs(result.coverage_80 - 0.8) <= abs(result.rival_coverage_80 - 0.8) + COVERAGE_SLACK
    if told and result.crps_skill > 0 and holds:
        if HouseModel.objects.promote(challenger, f"Better than the model that answered: {_words(result)}"):
            logger.info("%s answers for the house: %s", challenger, asdict(result))
    elif told and result.crps_skill < 0:
        _reject(challenger, f"Worse than the model that answered: {_words(result)}")
    elif result.dates >= LOOKS[-1]:
        _reject(challenger, f"Not shown to be better than the model that answered: {_words(result)}")


def _reject(challenger: HouseModel, note: str) -> None:
    if HouseModel.objects.reject(challenger, note):
        logger.info("%s forecasts in the shadow no more: %s", challenger, note)


def _words(result: Contest) -> str:
    better = "lower" if result.crps_skill > 0 else "higher"
    p_value = "unknown" if result.p_value is None else f"{result.p_value:.4f}"
    return (
        f"over {result.dates} days and {result.points:,} points its CRPS was {abs(result.crps_skill):.2%} "
        f"{better} (p = {p_value}); its 80 % bands held {result.coverage_80:.1%}, the other's "
        f"{result.rival_coverage_80:.1%}."
    )


def _contest(challenger: HouseModel) -> Contest | None:
    """Compare both as of the last look; None before the first, or with too few points."""
    scores = _complete(_scores(challenger))
    look = max((look for look in LOOKS if look <= scores["origin"].nunique()), default=0)
    if not look:
        return None
    pairs = Pairs(
        origins=scores["origin"].to_numpy("datetime64[D]"),
        targets=scores["date"].to_numpy("datetime64[D]"),
        crps=(scores["crps"] / scores["usual"]).to_numpy(float),
        rival_crps=(scores["rival_crps"] / scores["usual"]).to_numpy(float),
        inside=scores["inside_80"].to_numpy(bool),
        rival_inside=scores["rival_inside_80"].to_numpy(bool),
    ).first(look)
    return contest(pairs) if len(pairs.crps) >= FEWEST_POINTS else None


def _scores(challenger: HouseModel) -> pd.DataFrame:
    """Current scores of the challenger beside those of the model that answered, (row,).

    Of everyone's instruments; each origin and step of an instrument once, by its earliest entry.
    """
    shared = _shared(challenger)
    mine = shared.filter(series=ForecastPoint.CHALLENGER).values_list(*FIELDS, *ABOUT)
    theirs = shared.filter(series=ForecastPoint.MODEL).values_list(*FIELDS)
    keys = list(FIELDS[:2])
    names = [*FIELDS, "date", "usual", "instrument", "origin", "horizon", "entry"]
    frame = pd.DataFrame(list(mine), columns=names)
    rival = pd.DataFrame(list(theirs), columns=[*keys, "rival_crps", "rival_inside_80"])
    both = frame.merge(rival, on=keys).sort_values("entry")
    return both.drop_duplicates(["instrument", "origin", "step"])


def _shared(challenger: HouseModel) -> QuerySet[Score]:
    """Scores of forecasts that today's house model answered, with this challenger in its shadow."""
    champion = HouseModel.objects.champion()
    answering = [champion.sha256] if champion else [card.sha256 for card in vintages()]
    return Score.objects.current().filter(
        step__in=POOLED_STEPS,
        usual__gt=0,
        forecast__method=Forecast.Method.HOUSE,
        forecast__created_at__gte=challenger.created_at,
        forecast__model__challenger=challenger.sha256,
        forecast__model__sha256__in=answering,
        forecast__instrument__owner=None,
        forecast__entry__isnull=False,
    )


def _complete(scores: pd.DataFrame) -> pd.DataFrame:
    """Leave out origins whose farthest step is not known yet: the newest would weigh near steps alone."""
    if scores.empty:
        return scores
    of_origin = scores.groupby(["instrument", "origin"])
    farthest = of_origin["horizon"].transform("max").map(_last_step)
    return scores[of_origin["step"].transform("max") == farthest]


def _last_step(horizon: Any) -> int:
    return max(step for step in POOLED_STEPS if step <= horizon)


def roll_back() -> str:
    """Retire the champion and return, in a sentence, who answers now; raises ForecastFailed without one.

    Forecasts that it made stay as they are, and are scored on.
    """
    changed = HouseModel.objects.roll_back()
    if changed is None:
        raise ForecastFailed(
            "no_champion", "No model trained here answers for the house.", "Nothing is to be rolled back."
        )
    retired, before = changed
    now = f"that until {before.trained_until} answers" if before else "the shipped models answer"
    return f"The house model trained until {retired.trained_until} is retired; {now} again."
