"""The chance that a price is touched: told when a forecast puts it at a rule's threshold or above.

It is told once for each crossing. While the forecast before said as much already, nothing is new; only for a
rule that is itself new, what the newest forecast says is news in any case. A forecast of one session says
little of what the next twenty bring, so the last one that reached as far has a say too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from forecasts import trust
from forecasts.alerts.events import Event, Found, named, percent, priced
from forecasts.alerts.said import SESSIONS, loaded, unseen
from forecasts.chances import chance_of_touching
from forecasts.models import AlertRule, CorporateAction, ForecastPoint
from forecasts.presentation import last_closes, shown_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from forecasts.alerts.said import Said, Series
    from forecasts.alerts.scope import Scope

KIND = AlertRule.Kind.PRICE_CHANCE


class Laws:
    """The quantiles that forecasts show first, of all that are asked about: five queries."""

    def __init__(self, keys: Iterable[int]) -> None:
        self.forecasts = loaded(keys)
        known = list(self.forecasts.values())
        trust.standings(known)
        self._anchors = last_closes(known)
        self._points: dict[int, list[tuple[date, list[float]]]] = defaultdict(list)
        self._chances: dict[
            tuple[int, float], float
        ] = {}  # each costs milliseconds, and most are asked for twice
        both = (ForecastPoint.MODEL, ForecastPoint.NAIVE)
        points = ForecastPoint.objects.filter(forecast__in=known, series__in=both, step__lte=SESSIONS)
        rows = points.order_by("step").values_list("forecast_id", "series", "date", "quantiles")
        for key, series, day, quantiles in rows.iterator():
            if series == shown_series(self.forecasts[key])[0]:
                self._points[key].append((day, quantiles))

    def steps(self, key: int) -> int:
        return len(self._points[key])

    def reaches_beyond(self, key: int, day: date) -> bool:
        """Whether something that the forecast says is still to come."""
        return any(session > day for session, _ in self._points[key])

    def chance(self, key: int, price: float) -> float:
        """Chance of touching a price of today's share basis within SESSIONS, or as many as it reaches."""
        if (key, price) not in self._chances:
            law, anchor = [quantiles for _, quantiles in self._points[key]], self._anchors[key]
            self._chances[key, price] = (
                chance_of_touching(law, last_close=anchor, price=price) if law else 0.0
            )
        return self._chances[key, price]


def find(scope: Scope, said: dict[Series, list[Said]], since: datetime, now: datetime) -> Iterator[Found]:
    """Compare new forecasts by each method of each instrument with rules with the one before each."""
    compared = {
        series: [(listed[at], _before(listed, at)) for at in unseen(listed, since)]
        for series, listed in said.items()
        if scope.of(KIND, *series)
    }
    if not compared:
        return
    laws = Laws({one.pk for pairs in compared.values() for new, before in pairs for one in (new, *before)})
    prices = prices_today([rule for series in compared for rule in scope.of(KIND, *series)])
    for series, pairs in compared.items():
        coming = [pair for pair in pairs if laws.reaches_beyond(pair[0].pk, now.date())]
        for rule in scope.of(KIND, *series):
            # Of what was said before the rule, the newest is enough.
            for pair in (pair for pair in coming if pair == pairs[0] or pair[0].first_at > rule.active_since):
                if event := _crossing(rule, prices[rule.pk], pair, laws):
                    yield Found(rule, event)


def _before(listed: Sequence[Said], at: int) -> list[Said]:
    """Return the forecast before one, and the last that reached as far; none if there is none."""
    reached = next((one for one in listed[at + 1 :] if one.reach >= listed[at].reach), None)
    return [*dict.fromkeys(one for one in (*listed[at + 1 : at + 2], reached) if one)]


def _crossing(rule: AlertRule, price: float, pair: tuple[Said, list[Said]], laws: Laws) -> Event | None:
    """Return what there is to tell if the newest reaches the threshold, and those before did not."""
    (newest, before), threshold = pair, rule.threshold or 0.0
    chance, told_of, earlier = laws.chance(newest.pk, price), newest, None
    if chance < threshold:
        return None
    if before and newest.first_at > rule.active_since:
        earlier = max(laws.chance(one.pk, price) for one in before)
        if earlier >= threshold:
            if before[0].first_at > rule.active_since:
                return None
            told_of = before[0]  # the news that a first look had, if there was one before this forecast came
    return _event(rule, price, (told_of, newest), (chance, earlier), laws)


def _event(
    rule: AlertRule,
    price: float,
    told: tuple[Said, Said],
    chances: tuple[float, float | None],
    laws: Laws,
) -> Event:
    (told_of, newest), (chance, earlier) = told, chances
    instrument, steps = laws.forecasts[newest.pk].instrument, laws.steps(newest.pk)
    within = f"within {steps} sessions" if steps > 1 else "in the next session"
    before = "" if earlier is None else f" The forecast before it said {percent(earlier)}."
    return Event(
        key=f"{KIND}:{rule.price!r}:{rule.threshold!r}:{told_of.origin}",
        kind=KIND,
        instrument=instrument,
        title=f"{instrument.symbol}: chance of {percent(chance)} to touch {priced(price)}"[:200],
        text=(
            f"By {named(newest.method, newest.data_as_of)} {instrument.symbol} touches "
            f"{priced(price, instrument.currency)} {within} with a chance of {percent(chance)}. "
            f"You wanted to be told from {percent(rule.threshold or 0.0)} on.{before}"
        ),
        forecast_id=newest.pk,
        facts={
            "price": price,
            "threshold": rule.threshold,
            "chance": chance,
            "chance_before": earlier,
            "sessions": steps,
        },
    )


def prices_today(rules: Sequence[AlertRule]) -> dict[UUID, float]:
    """Return the prices of rules on today's share basis, by rule; one query however many there are.

    Of a rule without a price it is 0.
    """
    splits = CorporateAction.objects.filter(
        instrument__in={rule.instrument_id for rule in rules}, kind=CorporateAction.Kind.SPLIT
    )
    known: dict[int | None, list[tuple[date, float]]] = defaultdict(list)
    for key, day, value in splits.values_list("instrument_id", "date", "value"):
        known[key].append((day, value))
    prices = {}
    for rule in rules:
        since = (value for day, value in known[rule.instrument_id] if day > rule.splits_from)
        prices[rule.pk] = (rule.price or 0.0) * (rule.price_splits or 1.0) / math.prod(since)
    return prices
