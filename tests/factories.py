"""Rows for tests, each the plainest that its model accepts. History ends where the sample market does."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import exp, sin, sqrt
from statistics import NormalDist
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import AuthToken, User
from forecasts import calendars
from forecasts.models import (
    LEVELS,
    Evaluation,
    Forecast,
    ForecastPoint,
    ForecastRequest,
    Instrument,
    PriceBar,
    Schedule,
    Trust,
    Watchlist,
    WatchlistEntry,
)

LAST_DAY = date(2013, 3, 1)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ANCHOR_CLOSE = 100.0
DAILY_VOLATILITY = 0.02
EVALUATED_STEPS = (1, 5, 10, 20)
MODEL_CARD = {
    "name": "house",
    "version": "2012",
    "sha256": "a" * 64,
    "trained_until": "2012-12-31",
    "fine_tuning": None,
}


class UserFactory(DjangoModelFactory[User]):
    """Without `password=` nobody can sign in with one, and no time is spent on hashing it."""

    email = factory.Sequence(lambda n: f"user{n}@example.com")

    class Meta:
        model = User

    @classmethod
    def _create(cls, _model: type[User], *args: Any, **kwargs: Any) -> User:
        return User.objects.create_user(*args, **kwargs)


def token_for(user: User, *scopes: str, lifetime: timedelta = timedelta(days=1)) -> str:
    """Return the plain text of a new token; without scopes it holds all but `account`."""
    _, plain = AuthToken.objects.create(
        user, expiry=lifetime, name="test", scopes=list(scopes) or ["read", "write"]
    )
    return plain


class InstrumentFactory(DjangoModelFactory[Instrument]):
    symbol = factory.Sequence(lambda n: f"SAMPLE:T{n}")
    source = Instrument.Source.SAMPLE
    name = factory.LazyAttribute(lambda row: f"{row.symbol.rpartition(':')[2]} Incorporated")
    kind = Instrument.Kind.EQUITY
    currency = "USD"
    exchange = "NMS"
    calendar = "XNYS"

    class Meta:
        model = Instrument

    class Params:
        yahoo = factory.Trait(
            symbol=factory.Sequence(lambda n: f"TST{n}"),
            source=Instrument.Source.YAHOO,
            fetched_at=factory.LazyFunction(timezone.now),
        )
        upload = factory.Trait(
            symbol=factory.Sequence(lambda n: f"UPLOAD:T{n}"),
            source=Instrument.Source.UPLOAD,
            owner=factory.SubFactory(UserFactory),
            exchange="",
            calendar=calendars.WEEKDAYS,
        )


def weekdays_until(last: date, count: int) -> list[date]:
    """Return `count` weekdays by rising date; the last is `last`, or the Friday before it."""
    days = (last - timedelta(days=back) for back in range(2 * count + 7))
    return sorted(islice((day for day in days if day.weekday() < 5), count))


def bars(
    instrument: Instrument,
    count: int = 30,
    last: date = LAST_DAY,
    closes: Sequence[float] | None = None,
    state: str = PriceBar.State.FINAL,
) -> list[PriceBar]:
    """Write bars of the `count` weekdays up to `last`, oldest first; the last close is 100 unless given."""
    closes = closes or [ANCHOR_CLOSE * exp(0.02 * sin(back)) for back in range(count)][::-1]
    rows = [
        PriceBar(
            instrument=instrument,
            date=day,
            open=close,
            high=close * 1.01,
            low=close * 0.99,
            close=close,
            adj_close=close,
            volume=1_000_000.0,
            state=state,
        )
        for day, close in zip(weekdays_until(last, len(closes)), closes, strict=True)
    ]
    return PriceBar.objects.bulk_create(rows)


def metric_row(method: str, step: int, crps: float = 0.01) -> dict[str, Any]:
    """Return one row of an evaluation's metrics, as the pipeline stores it."""
    return {
        "method": method,
        "step": step,
        "origins": 250,
        "mse": 0.0004,
        "rmse": 0.02,
        "mae": 0.015,
        "mape": 0.015,
        "mase": 1.0,
        "pinball": crps / 2,
        "crps": crps,
        "coverage_50": 0.51,
        "coverage_80": 0.81,
        "coverage_90": 0.9,
        "coverage_95": 0.95,
        "width_50": 0.025,
        "width_80": 0.045 if method == "model" else 0.05,
        "width_90": 0.06,
        "width_95": 0.075,
        "pit": [20, 25, 25, 30, 25, 25, 25, 25, 20, 30],
        "brier": 0.171 if method == "model" else 0.18,
        "direction_accuracy": 0.5 if method == "model" else None,
        "up_rate": 0.52,
    }


def skill_row(step: int | None, crps_skill: float = 0.02) -> dict[str, Any]:
    """Return one row of an evaluation's skill; step None pools all steps."""
    return {
        "method": "model",
        "step": step,
        "reference": "random-walk",
        "crps_skill": crps_skill,
        "p_value": 0.03,
    }


class EvaluationFactory(DjangoModelFactory[Evaluation]):
    instrument = factory.SubFactory(InstrumentFactory)
    data_revision = 1
    data_month = LAST_DAY.replace(day=1)
    method = Forecast.Method.HOUSE
    model_hash = "m" * 64
    settings_hash = factory.Sequence(lambda n: f"{n:064x}")
    first_origin = date(2012, 2, 1)
    last_origin = date(2013, 1, 31)
    origins = 250
    metrics = factory.LazyFunction(
        lambda: [metric_row(name, step) for name in ("model", "random-walk") for step in EVALUATED_STEPS]
    )
    skill = factory.LazyFunction(lambda: [skill_row(step) for step in (*EVALUATED_STEPS, None)])
    in_sample = False
    trust = Trust.SHARPER
    verdict = "Sharper than a volatility cone over the last 250 origins."

    class Meta:
        model = Evaluation


class ForecastFactory(DjangoModelFactory[Forecast]):
    """Queued, unless one of the traits says where it stands; `succeeded` brings points and evaluation."""

    instrument = factory.SubFactory(InstrumentFactory)
    data_revision = factory.SelfAttribute("instrument.data_revision")
    as_of = LAST_DAY
    method = Forecast.Method.HOUSE
    horizon = 20
    settings = factory.LazyFunction(lambda: {"seed": 0})
    settings_hash = factory.Sequence(lambda n: f"{n:064x}")
    model_hash = "m" * 64

    class Meta:
        model = Forecast
        skip_postgeneration_save = True

    class Params:
        running = factory.Trait(
            status=Forecast.Status.RUNNING,
            stage=Forecast.Stage.TRAINING,
            progress=0.4,
            attempt=1,
            fence=1,
            started_at=factory.LazyFunction(timezone.now),
            lease_until=factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=1)),
        )
        failed = factory.Trait(
            status=Forecast.Status.FAILED,
            started_at=NOON,
            finished_at=NOON,
            error={"code": "no_network", "message": "Yahoo did not answer.", "remedy": "Try SAMPLE:AAPL."},
        )
        cancelled = factory.Trait(status=Forecast.Status.CANCELLED, finished_at=NOON)
        succeeded = factory.Trait(
            status=Forecast.Status.SUCCEEDED,
            stage=Forecast.Stage.STORING,
            progress=1.0,
            attempt=1,
            fence=1,
            prices_ready=True,
            started_at=NOON,
            finished_at=NOON + timedelta(seconds=2),
            data_as_of=factory.SelfAttribute("as_of"),
            anchor_close=ANCHOR_CLOSE,
            bars_revision=factory.SelfAttribute("data_revision"),
            bars_hash="b" * 64,
            model=factory.LazyFunction(MODEL_CARD.copy),
            evaluation=factory.SubFactory(
                EvaluationFactory,
                instrument=factory.SelfAttribute("..instrument"),
                method=factory.SelfAttribute("..method"),
            ),
            in_sample=False,
            in_domain=True,
            trust=factory.SelfAttribute("evaluation.trust"),
            verdict=factory.SelfAttribute("evaluation.verdict"),
            shown=factory.LazyAttribute(
                lambda row: "naive" if row.trust == Trust.WORSE_THAN_NAIVE else "model"
            ),
        )

    @factory.post_generation
    def points(self: Forecast, create: bool, *_: Any) -> None:
        """Give a forecast that succeeded the model's points and the naive cone's."""
        if create and self.status == Forecast.Status.SUCCEEDED:
            add_points(self, ForecastPoint.MODEL)
            add_points(self, ForecastPoint.NAIVE, volatility=1.1 * DAILY_VOLATILITY)


def normal_quantiles(step: int, volatility: float = DAILY_VOLATILITY) -> list[float]:
    """Return the log return's quantiles at LEVELS, `step` sessions ahead, of a random walk without drift."""
    normal = NormalDist(0.0, volatility * sqrt(step))
    return [normal.inv_cdf(level) for level in LEVELS]


def add_points(forecast: Forecast, series: str, volatility: float = DAILY_VOLATILITY) -> list[ForecastPoint]:
    """Write a normal cone on the sessions that follow the forecast's anchor."""
    anchor = forecast.data_as_of or forecast.as_of
    days = calendars.sessions_after(forecast.instrument.calendar, anchor, forecast.horizon)
    return ForecastPoint.objects.bulk_create(
        ForecastPoint(
            forecast=forecast,
            series=series,
            step=step,
            date=day,
            quantiles=normal_quantiles(step, volatility),
        )
        for step, day in enumerate(days, start=1)
    )


class ForecastRequestFactory(DjangoModelFactory[ForecastRequest]):
    """`ForecastRequestFactory(owner=…, forecast__succeeded=True)` is a finished one."""

    owner = factory.SubFactory(UserFactory)
    forecast = factory.SubFactory(ForecastFactory)

    class Meta:
        model = ForecastRequest


class WatchlistFactory(DjangoModelFactory[Watchlist]):
    """`WatchlistFactory(owner=…, instruments=[aapl, ibm])` has these two entries."""

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"List {n}")

    class Meta:
        model = Watchlist
        skip_postgeneration_save = True

    @factory.post_generation
    def instruments(self: Watchlist, create: bool, extracted: Iterable[Instrument] | None) -> None:
        if create:
            for instrument in extracted or ():
                WatchlistEntry.objects.create(watchlist=self, instrument=instrument)


class ScheduleFactory(DjangoModelFactory[Schedule]):
    """`ScheduleFactory(watchlist__owner=…, watchlist__instruments=[acme])` forecasts ACME after closes."""

    watchlist = factory.SubFactory(WatchlistFactory)
    since = NOON - timedelta(days=10_000)

    class Meta:
        model = Schedule
