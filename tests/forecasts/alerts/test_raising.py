"""Telling each event once, on the channels that its rules name."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings
from time_machine import Traveller

from accounts.models import User
from forecasts import tasks
from forecasts.alerts import closes
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Alert, Delivery, Digest, Webhook
from stockcast_site.beat import SCHEDULE
from tests.factories import ForecastFactory, ForecastRequestFactory, UserFactory
from tests.forecasts.alerts.made import BEFORE, EVENING, close, counted, reachable, rule, stock

pytestmark = pytest.mark.usefixtures("evening")


@pytest.fixture(autouse=True)
def _mail(settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True


def channels() -> list[str]:
    return sorted("webhook" if one.webhook_id else "e-mail" for one in Delivery.objects.all())


def missed(**fields: object) -> object:
    acme = stock(**fields)
    counted(acme)
    close(acme, 110.0)
    return acme


def test_two_rules_of_one_owner_make_one_alert_on_the_channels_of_both(user: User) -> None:
    acme = missed()
    reachable(user)
    Webhook.objects.create(owner=user, url="https://example.com/a")
    first = rule(user, "outside_band", acme, by_email=True)
    rule(user, "outside_band", acme, by_webhook=True, active_since=BEFORE + timedelta(hours=1))

    assert raise_alerts() == 1

    assert Alert.objects.get().rule == first
    assert channels() == ["e-mail", "webhook"]


def test_each_owner_is_told(user: User, other: User) -> None:
    acme = missed()
    rule(user, "outside_band", acme)
    rule(other, "outside_band", acme)

    assert raise_alerts() == 2


def test_every_webhook_that_works_is_posted_to(user: User) -> None:
    acme = missed()
    for path in "ab":
        Webhook.objects.create(owner=user, url=f"https://example.com/{path}")
    Webhook.objects.create(owner=user, url="https://example.com/off", disabled_at=EVENING)
    Webhook.objects.create(owner=UserFactory(), url="https://example.com/strange")
    rule(user, "outside_band", acme, by_webhook=True)

    raise_alerts()

    assert sorted(one.webhook.url[-2:] for one in Delivery.objects.all() if one.webhook) == ["/a", "/b"]


def test_in_the_site_alone_nothing_is_delivered(user: User) -> None:
    acme = missed()
    reachable(user)
    Webhook.objects.create(owner=user, url="https://example.com/a")
    rule(user, "outside_band", acme)

    raise_alerts()

    assert channels() == []


@pytest.mark.parametrize("case", ["no address", "unverified", "another address", "refused", "no mail here"])
def test_no_mail_to_who_cannot_or_will_not_have_it(user: User, settings: Settings, case: str) -> None:
    acme = missed()
    if case != "no address":
        reachable(user, email_alerts=case != "refused")
    if case == "unverified":
        user.emailaddress_set.update(verified=False)
    if case == "another address":
        user.emailaddress_set.update(email="old@example.com")
    settings.MAIL_CONFIGURED = case != "no mail here"
    rule(user, "outside_band", acme, by_email=True)

    assert raise_alerts() == 1
    assert channels() == []


def test_who_is_shut_out_or_has_paused_is_not_told(user: User, other: User) -> None:
    acme = missed()
    rule(user, "outside_band", acme)
    rule(other, "outside_band", acme, is_active=False)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert raise_alerts() == 0


def test_an_event_is_told_again_by_no_later_rule(user: User) -> None:
    acme = missed()
    first = rule(user, "outside_band", acme)
    raise_alerts()
    first.delete()
    rule(user, "outside_band", acme)

    assert raise_alerts() == 0
    assert Alert.objects.get().rule is None


def test_what_was_written_while_nobody_looked_is_told(user: User, evening: Traveller) -> None:
    rule(user, "outside_band", stock("BOLT"))
    raise_alerts()
    acme = missed()
    rule(user, "outside_band", acme)

    evening.shift(timedelta(days=3))

    assert raise_alerts() == 1


def test_a_lost_cache_costs_a_longer_look_and_nothing_else(user: User) -> None:
    acme = missed()
    rule(user, "outside_band", acme)
    raise_alerts()
    cache.clear()

    assert raise_alerts() == 0


def test_one_kind_that_fails_keeps_no_other_from_being_told(
    user: User, evening: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it would have told is told once it works again, however long that takes."""
    acme = missed(fetch_error={"code": "delisted", "message": ""})
    for kind in ("outside_band", "stale_data"):
        rule(user, kind, acme)

    def fail(*_: object) -> object:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(closes, "judge", fail)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                raise_alerts()
            evening.shift(timedelta(hours=1))

    assert Alert.objects.get().kind == "stale_data"
    assert raise_alerts() == 1


def test_nothing_older_than_a_week_is_told_after_an_outage(user: User, evening: Traveller) -> None:
    acme = missed()
    rule(user, "outside_band", acme)
    evening.shift(timedelta(days=8))

    assert raise_alerts() == 0


def queries(kinds_of: int) -> int:
    """Count the queries of a run in which `kinds_of` instruments with a rule of each kind have news."""
    for number in range(kinds_of):
        owner = UserFactory()
        acme = missed(symbol=f"S{kinds_of}{number}", fetch_error={"code": "delisted", "message": ""})
        counted(acme, anchor=EVENING.date(), evaluation__trust="worse_than_naive")
        ForecastRequestFactory(
            owner=owner, forecast=ForecastFactory(succeeded=True, finished_at=EVENING, instrument=acme)
        )
        for kind in ("outside_band", "band_width", "skill_lost", "stale_data", "forecast_ready"):
            rule(owner, kind, acme, by_email=True, by_webhook=True)
        rule(owner, "price_chance", acme, price=105.0, threshold=0.5)
    with CaptureQueriesContext(connection) as captured:
        assert raise_alerts() >= 4 * kinds_of
    return len(captured)


def test_a_run_takes_the_same_queries_however_many_rules_there_are(user: User) -> None:
    queries(1)  # from then on there are outages that were told before

    assert queries(2) == queries(4)


def test_a_run_without_rules_costs_next_to_nothing(user: User) -> None:
    missed()

    with CaptureQueriesContext(connection) as captured:
        raise_alerts()

    assert len(captured) <= 3


def test_the_scheduler_rings_for_looks_and_digests(user: User, evening: Traveller) -> None:
    """Its tasks are found by name, and do what they are for."""
    rung = {entry["task"]: entry["options"]["queue"] for entry in SCHEDULE.values()}
    assert (rung["forecasts.raise_alerts"], rung["forecasts.send_digests"]) == ("io", "io")
    rule(reachable(user, daily_digest=True), "outside_band", missed())

    tasks.raise_alerts()
    evening.shift(timedelta(hours=10))
    tasks.send_digests()

    assert (Alert.objects.count(), Digest.objects.get().alerts) == (1, 1)
