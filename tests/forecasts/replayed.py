"""Replays for tests, without the engine."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from forecasts import calendars
from forecasts.models import Forecast, Replay, ReplayPoint
from tests.factories import (
    DAILY_VOLATILITY,
    LAST_DAY,
    MODEL_CARD,
    NOON,
    InstrumentFactory,
    normal_quantiles,
    weekdays_until,
)


class ReplayFactory(DjangoModelFactory[Replay]):
    """Queued, unless `succeeded`: then with normal cones from the last ten weekdays of the sample market."""

    instrument = factory.SubFactory(InstrumentFactory)
    method = Forecast.Method.HOUSE
    data_revision = factory.SelfAttribute("instrument.data_revision")
    as_of = LAST_DAY
    model_hash = "m" * 64
    settings_hash = factory.Sequence(lambda n: f"{n:064x}")

    class Meta:
        model = Replay
        skip_postgeneration_save = True

    class Params:
        succeeded = factory.Trait(
            status=Replay.Status.SUCCEEDED,
            attempt=1,
            finished_at=NOON,
            model=factory.LazyFunction(MODEL_CARD.copy),
            in_sample=False,
            first_origin=weekdays_until(LAST_DAY, 10)[0],
            last_origin=LAST_DAY,
            origins=10,
        )

    @factory.post_generation
    def points(self: Replay, create: bool, *_: Any) -> None:
        if create and self.status == Replay.Status.SUCCEEDED:
            days = weekdays_until(self.last_origin, self.origins)
            ahead = calendars.sessions_after(self.instrument.calendar, days[-1], max(Replay.STEPS))
            sessions = [*days, *ahead]
            ReplayPoint.objects.bulk_create(
                ReplayPoint(
                    replay=self,
                    series=series,
                    step=step,
                    origin=origin,
                    date=sessions[place + step],
                    quantiles=normal_quantiles(step, volatility),
                )
                for series, volatility in (("model", DAILY_VOLATILITY), ("random-walk", 2 * DAILY_VOLATILITY))
                for place, origin in enumerate(days)
                for step in Replay.STEPS
            )
