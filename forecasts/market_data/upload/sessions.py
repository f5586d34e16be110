"""Which calendar an uploaded history follows, and which of its sessions lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasts import calendars

if TYPE_CHECKING:
    from datetime import date

# Larger exchanges whose holidays differ, the likeliest first; others only where the currency suggests them.
EXCHANGES = ("XNYS", "XLON", "XETR", "XPAR", "XTSE", "XTKS", "XHKG", "XSHG", "XASX", "XSWX", "XBOM")
BY_CURRENCY = {
    "USD": ("XNYS",), "GBP": ("XLON",), "EUR": ("XETR", "XPAR", "XMIL", "XMAD"), "CAD": ("XTSE",),
    "JPY": ("XTKS",), "HKD": ("XHKG",), "CNY": ("XSHG",), "AUD": ("XASX",), "CHF": ("XSWX",),
    "INR": ("XBOM",), "KRW": ("XKRX",), "SEK": ("XSTO",), "NOK": ("XOSL",), "DKK": ("XCSE",),
    "PLN": ("XWAR",), "BRL": ("BVMF",), "MXN": ("XMEX",), "ZAR": ("XJSE",), "SGD": ("XSES",),
}  # fmt: skip
# So many of a calendar's sessions must have bars, and of the bars lie on sessions.
FITS = 0.99
# Holidays change over the years: the last ten tell.
LOOKED_AT = 2520
# A day of the week that trades has a seventh or more of the bars; one that does not has none.
EVERY_WEEK = 0.07


def guess(days: list[date], currency: str | None) -> str:
    """Name the calendar that rising days of bars follow best."""
    recent = days[-LOOKED_AT:]
    best, best_fit = _week_of(recent), 0.0
    if best != calendars.WEEKDAYS:
        return best
    for exchange in dict.fromkeys((*BY_CURRENCY.get((currency or "").upper(), ()), *EXCHANGES)):
        fit = _fit(exchange, recent)
        if fit == 1:
            return exchange
        if fit >= FITS and fit > best_fit:
            best, best_fit = exchange, fit
    return best


def _week_of(days: list[date]) -> str:
    """Tell by the days of the week alone."""
    fridays, saturdays, sundays = (sum(day.weekday() == which for day in days) for which in (4, 5, 6))
    often = EVERY_WEEK * len(days)
    if min(saturdays, sundays) > often:
        return calendars.EVERY_DAY
    return calendars.SUNDAY_TO_THURSDAY if sundays > often > fridays else calendars.WEEKDAYS


def _fit(exchange: str, days: list[date]) -> float:
    """Return the lesser of two shares: days that are sessions, and sessions that are days."""
    sessions = calendars.sessions_between(exchange, days[0], days[-1])
    common = len(set(days).intersection(sessions))
    return common / max(len(days), len(sessions))


def missing(calendar: str, days: list[date]) -> list[date]:
    """Return the sessions without a bar, as far as the calendar knows them exactly."""
    there = set(days)
    return [
        day
        for day in calendars.sessions_between(calendar, days[0], days[-1])
        if day not in there and calendars.is_exact_on(calendar, day)
    ]


def off_sessions(calendar: str, days: list[date]) -> list[date]:
    """Return the days of bars on which the calendar knows that there was no session."""
    return [
        day
        for day in days
        if not calendars.is_session(calendar, day) and calendars.is_exact_on(calendar, day)
    ]
