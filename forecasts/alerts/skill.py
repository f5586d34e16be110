"""Skill that was demonstrated and is not any more, by the one service that decides on trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasts import trust
from forecasts.alerts.events import METHOD_NAMES, Event, Found, spoken
from forecasts.alerts.said import loaded
from forecasts.models import AlertRule, Forecast, Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forecasts.alerts.said import Said, Series
    from forecasts.alerts.scope import Scope

KIND = AlertRule.Kind.SKILL_LOST


def find(scope: Scope, said: dict[Series, list[Said]]) -> Iterator[Found]:
    """Look where some forecast was issued as sharper than a volatility cone, and the newest is not any more.

    The loss is told once for the last forecast that was issued as sharper.
    """
    sharper = {
        series: at
        for series, listed in said.items()
        if scope.of(KIND, *series) and (at := _last_sharper(listed)) is not None
    }
    newest = loaded([said[series][0].pk for series in sharper])
    trust.standings(list(newest.values()))
    for series, at in sharper.items():
        listed = said[series]
        forecast = newest[listed[0].pk]
        now = trust.standing(forecast)
        if now.trust == Trust.SHARPER:
            continue
        for rule in scope.of(KIND, *series):
            # Where the ledger took it from the newest forecast, the loss is of now.
            if at == 0 or listed[at - 1].first_at > rule.active_since:
                yield Found(rule, _event(forecast, listed[at], now))


def _last_sharper(listed: list[Said]) -> int | None:
    return next((at for at, one in enumerate(listed) if one.trust == Trust.SHARPER), None)


def _event(forecast: Forecast, last: Said, now: trust.Decision) -> Event:
    instrument = forecast.instrument
    became = "worse than the naive cone" if now.trust == Trust.WORSE_THAN_NAIVE else "without shown skill"
    return Event(
        key=f"{KIND}:{last.origin}",
        kind=KIND,
        instrument=instrument,
        title=f"{instrument.symbol}: the {METHOD_NAMES[last.method]} method is {became}"[:200],
        text=(
            f"The forecast of {instrument.symbol} of {spoken(last.data_as_of)} ({METHOD_NAMES[last.method]}) "
            f"was issued as sharper than a volatility cone. That no longer holds. {now.verdict}"
        ),
        forecast_id=forecast.pk,
        facts={"method": last.method, "trust": now.trust, "sharper_until": last.data_as_of.isoformat()},
    )
