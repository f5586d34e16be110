"""What a watchlist says of each of its instruments: seven queries, however many there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from forecasts.models import LEVELS, Forecast, ForecastPoint, ForecastRequest, Instrument, PriceBar
from forecasts.presentation import last_closes, shown_series
from forecasts.trust import standing, standings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from accounts.models import User
    from forecasts.models import Watchlist
    from forecasts.models.watchlists import WatchlistQuerySet

SPARK_SESSIONS = 60
SPARK_WIDTH, SPARK_HEIGHT = 112, 30
OUTLOOK_STEP = 5
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


@dataclass(frozen=True)
class Outlook:
    """The 80 % band of prices expected on a day to come; `request_id` if the forecast is the reader's own."""

    low: float
    high: float
    date: date
    trust: str
    shown: str
    in_sample: bool
    request_id: UUID | None


@dataclass(frozen=True)
class WatchRow:
    """`change` is the last close over the one before, less one; `spark` the points of a polyline.

    `is_provisional` says that the last close may still be corrected.
    """

    instrument: Instrument
    last_close: float | None = None
    last_date: date | None = None
    is_provisional: bool = False
    change: float | None = None
    spark: str = ""
    outlook: Outlook | None = None
    pending: ForecastRequest | None = None


@dataclass(frozen=True)
class WatchList:
    watchlist: Watchlist
    rows: list[WatchRow]
    more: int

    @property
    def is_pending(self) -> bool:
        """Whether forecasts are under way, so that the table is worth another look."""
        return any(row.pending for row in self.rows)


def watch_lists(user: User, watchlists: WatchlistQuerySet, limit: int | None = None) -> list[WatchList]:
    """Return each list with the rows of its first `limit` instruments."""
    listed = [
        (watchlist, [entry.instrument for entry in watchlist.entries.all()])
        for watchlist in watchlists.with_symbols()
    ]
    rows = watch_rows(user, {instrument.pk for _, members in listed for instrument in members[:limit]})
    return [
        WatchList(
            watchlist,
            rows=[rows[member.pk] for member in members[:limit]],
            more=len(members[limit:]) if limit else 0,
        )
        for watchlist, members in listed
    ]


def watch_rows(user: User, ids: Iterable[int]) -> dict[int, WatchRow]:
    """Return what there is to say of instruments, by their keys."""
    instruments = _with_newest_bars(ids)
    keys = [instrument.pk for instrument in instruments]
    outlooks, pending = _outlooks(user, keys), _pending(user, keys)
    return {
        instrument.pk: _row(instrument, outlooks.get(instrument.pk), pending.get(instrument.pk))
        for instrument in instruments
    }


def _with_newest_bars(ids: Iterable[int]) -> Sequence[Instrument]:
    newest = PriceBar.objects.closed().filter(instrument=OuterRef("pk")).order_by("-date")
    bars = newest.values(bar=JSONObject(date="date", close="close", state="state"))[:SPARK_SESSIONS]
    return list(Instrument.objects.filter(pk__in=list(ids)).annotate(newest_bars=ArraySubquery(bars)))


def _row(instrument: Instrument, outlook: Outlook | None, pending: ForecastRequest | None) -> WatchRow:
    newest = instrument.newest_bars  # type: ignore[attr-defined]  # annotated by _with_newest_bars
    if not newest:
        return WatchRow(instrument, pending=pending)
    closes = [bar["close"] for bar in reversed(newest)]
    last_date = date.fromisoformat(newest[0]["date"])
    return WatchRow(
        instrument,
        last_close=closes[-1],
        last_date=last_date,
        is_provisional=newest[0]["state"] == PriceBar.State.PROVISIONAL,
        change=closes[-1] / closes[-2] - 1 if len(closes) > 1 else None,
        spark=spark_points(closes),
        outlook=outlook if outlook and outlook.date > last_date else None,
        pending=pending,
    )


def spark_points(closes: Sequence[float]) -> str:
    """Return an SVG polyline within SPARK_WIDTH × SPARK_HEIGHT, oldest first; empty for fewer than two."""
    if len(closes) < 2:
        return ""
    low, high = min(closes), max(closes)
    across, up = (SPARK_WIDTH - 4) / (len(closes) - 1), (SPARK_HEIGHT - 4) / ((high - low) or 1)
    return " ".join(f"{2 + i * across:.1f},{2 + (high - close) * up:.1f}" for i, close in enumerate(closes))


def _outlooks(user: User, keys: list[int]) -> dict[int, Outlook]:
    """Return the outlook of each instrument's newest forecast, by instrument."""
    forecasts = _newest_forecasts(user, keys)
    points = ForecastPoint.objects.filter(forecast__in=forecasts, step=OUTLOOK_STEP)
    by_series = {(point.forecast_id, point.series): point for point in points}
    anchors = last_closes(forecasts)
    standings(forecasts)  # of all in one query
    found = {}
    for forecast in forecasts:
        point = by_series.get((forecast.pk, shown_series(forecast)[0]))
        if point is not None:
            found[forecast.instrument_id] = _outlook(forecast, point, anchors[forecast.pk])
    return found


def _newest_forecasts(user: User, keys: list[int]) -> list[Forecast]:
    """One for each instrument, whoever asked for it; `mine` is the reader's own request of it, if any."""
    mine = ForecastRequest.objects.live().for_user(user).filter(forecast=OuterRef("pk")).values("pk")[:1]
    done = Forecast.objects.filter(status=Forecast.Status.SUCCEEDED, horizon__gte=OUTLOOK_STEP)
    newest = done.order_by("instrument_id", "-data_as_of", "-finished_at").distinct("instrument_id")
    judged = newest.select_related("evaluation")
    light = judged.defer("loss_history", "model", "settings", "evaluation__metrics", "evaluation__skill")
    return list(light.filter(instrument__in=keys).annotate(mine=Subquery(mine)))


def _outlook(forecast: Forecast, point: ForecastPoint, anchor: float) -> Outlook:
    now = standing(forecast)
    return Outlook(
        low=anchor * math.exp(point.quantiles[LOW]),
        high=anchor * math.exp(point.quantiles[HIGH]),
        date=point.date,
        trust=now.trust,
        shown=now.shown,
        in_sample=bool(forecast.in_sample),
        request_id=forecast.mine,  # type: ignore[attr-defined]  # annotated by _outlooks
    )


def _pending(user: User, keys: list[int]) -> dict[int, ForecastRequest]:
    """Return the reader's own unfinished request of each instrument."""
    waiting = (
        ForecastRequest.objects.for_user(user)
        .live()
        .with_forecast()
        .filter(
            forecast__instrument__in=keys,
            forecast__status__in=(Forecast.Status.QUEUED, Forecast.Status.RUNNING),
        )
    )
    return {request.forecast.instrument_id: request for request in waiting}
