"""Skill that was demonstrated and is lost."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from time_machine import Traveller

from accounts.models import User
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Alert, Forecast, Instrument, TrackRecord, Trust
from tests.factories import EvaluationFactory
from tests.forecasts.alerts.made import EVENING, counted, rule, stock

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (5, 6, 7))
pytestmark = pytest.mark.usefixtures("evening")


def judged(instrument: Instrument, anchor: date, trust: str, **fields: object) -> Forecast:
    evaluation = EvaluationFactory(instrument=instrument, trust=trust, verdict=f"It is {trust}.")
    return counted(instrument, anchor=anchor, evaluation=evaluation, **fields)


def worse_on_the_ledger(instrument: Instrument) -> TrackRecord:
    return TrackRecord.objects.create(
        instrument=instrument,
        method=Forecast.Method.HOUSE,
        computed_at=timezone.now(),
        figures={},
        scored=150,
        origins=150,
        crps_skill=-0.05,
        p_value=0.001,
    )


@pytest.mark.parametrize("trust", [Trust.NO_DEMONSTRATED_SKILL, Trust.WORSE_THAN_NAIVE])
def test_it_is_told_when_the_next_forecast_has_none(user: User, trust: str) -> None:
    acme = stock()
    judged(acme, MONDAY, Trust.SHARPER)
    newest = judged(acme, TUESDAY, trust)
    rule(user, "skill_lost", acme)

    assert [raise_alerts(), raise_alerts()] == [1, 0]

    alert = Alert.objects.get()
    assert (alert.event, alert.forecast) == (f"skill_lost:{acme.pk}:house:2026-01-05", newest)
    assert alert.facts == {"method": "house", "trust": trust, "sharper_until": "2026-01-05"}
    assert alert.text.endswith(f"That no longer holds. It is {trust}.")


def test_it_is_told_when_the_ledger_takes_it_away(user: User, evening: Traveller) -> None:
    acme = stock()
    judged(acme, MONDAY, Trust.SHARPER)
    rule(user, "skill_lost", acme)
    first = raise_alerts()

    evening.shift(timedelta(days=1))
    worse_on_the_ledger(acme)

    assert (first, raise_alerts(), raise_alerts()) == (0, 1, 0)
    assert Alert.objects.get().facts["trust"] == Trust.WORSE_THAN_NAIVE


def test_the_next_forecast_does_not_tell_the_same_loss_again(user: User, evening: Traveller) -> None:
    acme = stock()
    judged(acme, MONDAY, Trust.SHARPER)
    rule(user, "skill_lost", acme)
    worse_on_the_ledger(acme)
    first = raise_alerts()

    judged(acme, TUESDAY, Trust.WORSE_THAN_NAIVE)

    assert (first, raise_alerts()) == (1, 0)


def test_asking_again_from_the_same_origin_does_not_tell_the_same_loss_again(
    user: User, evening: Traveller
) -> None:
    """With another horizon, and issued after the ledger had taken the skill away."""
    acme = stock()
    judged(acme, date(2026, 1, 2), Trust.SHARPER)
    judged(acme, MONDAY, Trust.SHARPER)
    rule(user, "skill_lost", acme)
    worse_on_the_ledger(acme)
    first = raise_alerts()

    judged(acme, MONDAY, Trust.WORSE_THAN_NAIVE, horizon=60, finished_at=EVENING)

    assert (first, raise_alerts()) == (1, 0)


def test_a_second_loss_is_told(user: User, evening: Traveller) -> None:
    acme = stock()
    rule(user, "skill_lost", acme)
    raised = []
    for day, trust in ((2, "sharper"), (5, "no_demonstrated_skill"), (6, "sharper"), (7, "worse_than_naive")):
        newest = judged(acme, date(2026, 1, day), trust)
        evening.move_to(newest.finished_at + timedelta(minutes=1))
        raised.append(raise_alerts())

    assert raised == [0, 1, 0, 1]


def test_who_never_had_skill_loses_none(user: User) -> None:
    acme = stock()
    judged(acme, MONDAY, Trust.NO_DEMONSTRATED_SKILL)
    judged(acme, TUESDAY, Trust.WORSE_THAN_NAIVE)
    rule(user, "skill_lost", acme)

    assert raise_alerts() == 0


def test_each_method_has_its_own(user: User) -> None:
    acme = stock()
    judged(acme, MONDAY, Trust.SHARPER)
    judged(acme, TUESDAY, Trust.NO_DEMONSTRATED_SKILL, method=Forecast.Method.FINE_TUNED)
    rule(user, "skill_lost", acme)

    assert raise_alerts() == 0


def test_a_loss_before_the_rule_is_not_told(user: User) -> None:
    acme = stock()
    judged(acme, date(2026, 1, 2), Trust.SHARPER)
    judged(acme, MONDAY, Trust.NO_DEMONSTRATED_SKILL)
    rule(user, "skill_lost", acme, active_since=EVENING)

    assert raise_alerts() == 0
