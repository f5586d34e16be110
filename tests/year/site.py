"""Three people, their watchlists, and the days of a year: prices come, the scheduler rings, workers work."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import time_machine
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from forecasts import calendars, services
from forecasts.models import (
    AlertRule,
    Digest,
    DueForecast,
    Forecast,
    Instrument,
    NotificationSettings,
    PriceBar,
    Schedule,
    Watchlist,
    WatchlistEntry,
)
from tests.year.history import COLUMNS, SESSIONS, YEAR, index_of, thirty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.year.workers import Workers

INDEX = "^GSPC"
STATE = PriceBar.State
RELEASED, SCORED, FORECAST, BETWEEN = 20, 25, 45, 15  # minutes after the close; by then all is due
TURN = date(2024, 7, 1)


def weekly(days: Sequence[date]) -> list[date]:
    """Return the last session of each week."""
    return [day for day in days if calendars.ends_week(calendars.NEW_YORK, day)]


@dataclass(frozen=True)
class Wish:
    """What a schedule asks for: of these symbols, after each of these sessions."""

    owner: User
    symbols: Sequence[str]
    sessions: Sequence[date]
    horizon: int


@dataclass
class Simulation:
    """Drive it with `live`, between the sessions of the year."""

    workers: Workers
    clock: Any  # a time_machine.Traveller
    histories: dict[str, pd.DataFrame] = field(default_factory=thirty)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    watchers: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def begin(self, first: date) -> None:
        """Store what is known before the first of the days to live, and let three people sign up."""
        self.histories |= {INDEX: index_of(self.histories)}
        before = SESSIONS[SESSIONS.index(first) - 1]
        self._move_to(calendars.closes_at(calendars.NEW_YORK, before) + timedelta(hours=10))
        for symbol, bars in self.histories.items():
            kind = Instrument.Kind.INDEX if symbol == INDEX else Instrument.Kind.EQUITY
            made = Instrument.objects.create(
                symbol=symbol,
                source=Instrument.Source.YAHOO,
                kind=kind,
                calendar=calendars.NEW_YORK,
                currency="USD",
                fetched_at=timezone.now(),
            )
            self.instruments[symbol] = made
            PriceBar.objects.upsert(made, bars.loc[: before.isoformat()])
        self._sign_up()

    def _sign_up(self) -> None:
        symbols = sorted(set(self.instruments) - {INDEX})
        ada, bob = self._person("ada@example.com", 7), self._person("bob@example.com", 6)
        cy = self._person("cy@example.com", None)
        first, second = YEAR[: YEAR.index(TURN)], YEAR[YEAR.index(TURN) :]
        self._watch(Wish(ada, symbols[:1], YEAR, 20), Schedule.Cadence.SESSION)
        self._watch(Wish(bob, symbols[:16], weekly(first), 20), Schedule.Cadence.WEEK)
        self._watch(Wish(cy, symbols[14:], weekly(second), 20), Schedule.Cadence.WEEK, is_active=False)

    def _person(self, email: str, digest_hour: int | None) -> User:
        person = User.objects.create_user(email)
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        wish = {} if digest_hour is None else {"daily_digest": True, "digest_hour": digest_hour}
        NotificationSettings.objects.create(owner=person, **wish)
        return person

    def _watch(self, wish: Wish, cadence: str, *, is_active: bool = True) -> None:
        """Make a watchlist with its schedule, and a rule of each kind that speaks of forecasts."""
        owner, watched = wish.owner, [self.instruments[symbol] for symbol in wish.symbols]
        watchlist = Watchlist.objects.create(owner=owner, name="Mine")
        WatchlistEntry.objects.bulk_create(
            WatchlistEntry(watchlist=watchlist, instrument=instrument) for instrument in watched
        )
        services.set_schedule(
            watchlist=watchlist, method="house", horizon=wish.horizon, cadence=cadence, is_active=is_active
        )
        self.wishes.append(wish)
        for instrument in watched:
            self.watchers[instrument.pk].add(owner.email)
        kinds = AlertRule.Kind
        wanted = [
            {"kind": kinds.OUTSIDE_BAND, "band": 80},
            {"kind": kinds.OUTSIDE_BAND, "band": 95, "by_email": True},
            {"kind": kinds.FORECAST_READY},
            {"kind": kinds.BAND_WIDTH},
            {"kind": kinds.SKILL_LOST},
            {"kind": kinds.STALE_DATA},
        ]
        for rule in wanted:
            AlertRule.objects.create(owner=owner, watchlist=watchlist, **rule)

    def _turn(self) -> None:
        """In the middle of the year one weekly schedule is paused, and another resumed."""
        for schedule in Schedule.objects.filter(cadence=Schedule.Cadence.WEEK):
            services.pause_schedule(watchlist=schedule.watchlist, is_active=not schedule.is_active)

    def live(self, days: Sequence[date]) -> None:
        for day in days:
            self._live_through(day)

    def _live_through(self, day: date) -> None:
        close = calendars.closes_at(calendars.NEW_YORK, day)
        if day == TURN:
            self._turn()
        self._write_letters(datetime.combine(day, time(7, 5), tzinfo=close.tzinfo))
        self._move_to(close + timedelta(minutes=RELEASED))
        self._release(day)
        self._move_to(close + timedelta(minutes=SCORED))
        self._ring("score_due")
        self._forecast(close + timedelta(minutes=FORECAST))
        self._ring("raise_alerts", "deliver_due")

    def _write_letters(self, moment: datetime) -> None:
        """Let the scheduler ring, and again where a dead worker held a digest that it had not sent."""
        unsent, rounds = Digest.objects.filter(day=moment.date(), sent_at=None), 0
        while not rounds or unsent.exists():
            self._move_to(moment + rounds * timedelta(minutes=BETWEEN))
            self._ring("send_digests", "deliver_due")
            rounds += 1

    def _forecast(self, moment: datetime) -> None:
        """Let the scheduler ring, and again until nothing is left that dead workers held."""
        unfinished = Forecast.objects.filter(status__in=("queued", "running"))
        waiting, rounds = DueForecast.objects.filter(status="waiting"), 0
        while not rounds or unfinished.exists() or waiting.exists():
            self._move_to(moment + rounds * timedelta(minutes=BETWEEN))
            self._ring("sweep", "schedule_due")
            rounds += 1

    def _move_to(self, moment: datetime) -> None:
        self.clock.move_to(moment)

    def _ring(self, *tasks: str) -> None:
        """Do periodic tasks and what comes of them; the scheduler rings again for one whose worker died."""
        for name in tasks:
            while not self.workers.do(f"forecasts.{name}"):
                self.clock.shift(timedelta(minutes=1))
            self.workers.work_off()

    def settle(self) -> None:
        """Bring the track records up to date."""
        self._ring("update_records")

    def _release(self, day: date) -> None:
        """Bring the day's bars, which may still be corrected, and settle those of the session before."""
        now, stamp = timezone.now(), pd.Timestamp(day)
        PriceBar.objects.filter(date__lt=day, state=STATE.PROVISIONAL).update(
            state=STATE.FINAL, fetched_at=now
        )
        PriceBar.objects.bulk_create(
            PriceBar(
                instrument=self.instruments[symbol],
                date=day,
                state=STATE.PROVISIONAL,
                source=Instrument.Source.YAHOO,
                fetched_at=now,
                **dict(zip(COLUMNS, bars.loc[stamp, COLUMNS], strict=True)),
            )
            for symbol, bars in self.histories.items()
        )
        Instrument.objects.update(fetched_at=now)


def start(workers: Workers, clock: time_machine.Traveller, first: date) -> Simulation:
    simulation = Simulation(workers, clock)
    simulation.begin(first)
    return simulation
