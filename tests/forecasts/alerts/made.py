"""Rows that alerts are about: an instrument that trades, what was forecast of it, and rules."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User
from forecasts import calendars
from forecasts.models import AlertRule, Forecast, ForecastPoint, Instrument, NotificationSettings, PriceBar
from tests.factories import ForecastFactory, InstrumentFactory, add_points, bars

# A Monday; the session of the next day is the one that tests judge.
ANCHOR = date(2026, 1, 5)
NEXT = date(2026, 1, 6)
BEFORE = datetime(2026, 1, 2, 12, tzinfo=UTC)
EVENING = datetime(2026, 1, 6, 22, tzinfo=UTC)


def stock(symbol: str = "ACME", **fields: Any) -> Instrument:
    """A stock of New York with thirty closed sessions up to ANCHOR, the last at 100."""
    made = InstrumentFactory(yahoo=True, symbol=symbol, **fields)
    bars(made, last=ANCHOR)
    return made


def close(
    instrument: Instrument, price: float, day: date = NEXT, at: datetime = EVENING, **fields: Any
) -> PriceBar:
    """Store the close of a session, as it was fetched at a moment."""
    (bar,) = bars(instrument, count=1, last=day, closes=[price])
    PriceBar.objects.filter(instrument=instrument, date=day).update(fetched_at=at, **fields)
    return bar


def counted(instrument: Instrument, anchor: date = ANCHOR, **fields: Any) -> Forecast:
    """A forecast that was issued on the evening of its anchor, before its future had begun.

    Its 80 % band one session ahead is 2.56 % to both sides, its 95 % band 3.92 %.
    """
    values = {
        "as_of": anchor,
        "finished_at": datetime.combine(anchor, datetime.min.time(), tzinfo=UTC) + timedelta(hours=22),
        "first_counted_step": 1,
        "horizon": 20,
    }
    return ForecastFactory(succeeded=True, instrument=instrument, **(values | fields))


def redraw(forecast: Forecast, volatility: float) -> Forecast:
    """Give a forecast a model cone of another volatility."""
    forecast.points.filter(series=ForecastPoint.MODEL).delete()
    add_points(forecast, ForecastPoint.MODEL, volatility)
    return forecast


def rule(owner: User, kind: str, about: object, **fields: Any) -> AlertRule:
    """A rule of an instrument or a watchlist, made long before what tests let happen."""
    subject = {"instrument": about} if isinstance(about, Instrument) else {"watchlist": about}
    details: dict[str, Any] = {"outside_band": {"band": 80}}.get(kind, {})
    made = AlertRule.objects.create(
        owner=owner, kind=kind, **subject, **({"active_since": BEFORE} | details | fields)
    )
    AlertRule.objects.filter(pk=made.pk).update(created_at=made.active_since)
    if made.watchlist:
        made.watchlist.entries.update(added_at=made.active_since)
    made.refresh_from_db()
    return made


def reachable(user: User, **notifications: Any) -> User:
    """Let a person have a verified address, and perhaps settings."""
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if notifications:
        NotificationSettings.objects.create(owner=user, **notifications)
    return user


def sessions_until(last: date, count: int) -> list[date]:
    """Return the last `count` sessions of New York up to a day, the oldest first."""
    first = last - timedelta(days=2 * count + 10)
    return calendars.sessions_between(calendars.NEW_YORK, first, last)[-count:]
