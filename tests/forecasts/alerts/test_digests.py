"""The daily digest."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from django.core import mail as outbox_of
from django.core.mail import EmailMultiAlternatives
from django.db import connections
from pytest_django.fixtures import Settings
from time_machine import Traveller

from accounts.models import User
from forecasts.alerts import digests
from forecasts.alerts.raising import raise_alerts
from forecasts.models import Digest, NotificationSettings
from tests.factories import ForecastRequestFactory, UserFactory, WatchlistFactory
from tests.forecasts.alerts.made import NEXT, close, counted, reachable, rule, stock

# The session of Tuesday the 6th ended at 21:00.
MORNING = datetime(2026, 1, 7, 7, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    settings.SITE_URL = "https://stocks.example.org"


@pytest.fixture
def reader(user: User, evening: Traveller) -> User:
    """Somebody who wants a digest at seven and was told one thing last evening."""
    acme = stock()
    counted(acme)
    close(acme, 103.0)
    rule(reachable(user, daily_digest=True), "outside_band", acme)
    raise_alerts()
    return user


def body() -> str:
    (message,) = outbox_of.outbox
    return str(message.body)


def test_it_is_sent_once_a_day_at_its_hour(reader: User, evening: Traveller) -> None:
    sent = []
    for moment in (MORNING - timedelta(minutes=1), MORNING, MORNING + timedelta(hours=1)):
        evening.move_to(moment)
        sent.append(digests.send_digests())

    assert sent == [0, 1, 0]
    assert Digest.objects.values_list("day", "alerts", "attempts").get() == (MORNING.date(), 1, 1)


def test_it_says_what_was_told(reader: User, evening: Traveller) -> None:
    evening.move_to(MORNING)

    digests.send_digests()

    (message,) = outbox_of.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.to == [reader.email]
    assert message.subject == "[StockCast] Your day up to 7 January 2026"
    assert message.extra_headers["Message-ID"] == f"<digest-{reader.pk}-2026-01-07@stocks.example.org>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "- ACME closed at 103.00 USD on 6 January 2026, above the 80 % band" in message.body
    assert "https://stocks.example.org/instruments/ACME/" in message.body
    assert "ACME closed at 103.00" in str(message.alternatives[0].content)


def test_it_shows_forecasts_of_schedules_with_their_band_and_trust(user: User, evening: Traveller) -> None:
    reachable(user, daily_digest=True)
    acme, bolt = stock(), stock("BOLT")
    wish = ForecastRequestFactory(
        owner=user, origin="schedule", forecast=counted(acme, anchor=NEXT, evaluation__trust="sharper")
    )
    ForecastRequestFactory(owner=user, origin="asked", forecast=counted(bolt, anchor=NEXT))
    ForecastRequestFactory(owner=UserFactory(), origin="schedule", forecast=counted(bolt, anchor=NEXT))
    evening.move_to(MORNING)

    digests.send_digests()

    # 1.2816 · 2 % · √5 to both sides
    line = "- ACME: last close 100.00 USD; by 13 January 2026 between 94.43 and 105.90"
    assert f"{line} (house model, sharper than a volatility cone)" in body()
    assert f"https://stocks.example.org/forecasts/{wish.pk}/" in body()
    assert "BOLT" not in body()


def test_it_tells_of_closes_on_watchlists_outside_their_band(user: User, evening: Traveller) -> None:
    """Without any rule."""
    reachable(user, daily_digest=True)
    names = [stock("ACME"), stock("BOLT"), stock("CORE")]
    for instrument, price in zip(names, (103.0, 100.0, 110.0), strict=True):
        counted(instrument)
        close(instrument, price)
    WatchlistFactory(owner=user, instruments=names[:2])
    WatchlistFactory(instruments=names[2:])
    evening.move_to(MORNING)

    digests.send_digests()

    assert "- ACME: 103.00 USD on 6 January 2026, expected between 97.47 and 102.60" in body()
    assert "BOLT" not in body()
    assert "CORE" not in body()


def test_a_day_without_news_is_settled_without_a_letter(user: User, evening: Traveller) -> None:
    reachable(user, daily_digest=True)
    evening.move_to(MORNING)

    assert digests.send_digests() == 0

    assert outbox_of.outbox == []
    assert Digest.objects.get().sent_at == MORNING


def test_after_an_outage_only_todays_is_sent(reader: User, evening: Traveller) -> None:
    evening.move_to(MORNING + timedelta(days=3, hours=9))

    assert digests.send_digests() == 0
    assert list(Digest.objects.values_list("day", flat=True)) == [date(2026, 1, 10)]


def test_todays_is_sent_late_rather_than_not(reader: User, evening: Traveller) -> None:
    evening.move_to(MORNING + timedelta(hours=9))

    assert digests.send_digests() == 1


def test_each_alert_is_in_one_digest(reader: User, evening: Traveller) -> None:
    for day in range(3):
        evening.move_to(MORNING + timedelta(days=day))
        digests.send_digests()

    assert len(outbox_of.outbox) == 1


@pytest.mark.parametrize("why", ["unwanted", "inactive", "unverified", "no mail here"])
def test_nobody_else_gets_one(reader: User, evening: Traveller, settings: Settings, why: str) -> None:
    if why == "unwanted":
        NotificationSettings.objects.update(daily_digest=False)
    elif why == "inactive":
        User.objects.update(is_active=False)
    elif why == "unverified":
        reader.emailaddress_set.update(verified=False)
    settings.MAIL_CONFIGURED = why != "no mail here"
    evening.move_to(MORNING)

    assert digests.send_digests() == 0
    assert not Digest.objects.exists()


def test_a_server_that_fails_is_asked_again_later(
    reader: User, evening: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: EmailMultiAlternatives) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr(EmailMultiAlternatives, "send", refuse)
        evening.move_to(MORNING)
        first = digests.send_digests()
    evening.shift(timedelta(minutes=9))
    too_soon = digests.send_digests()
    evening.shift(timedelta(minutes=2))

    assert (first, too_soon, digests.send_digests()) == (0, 0, 1)
    assert Digest.objects.get().attempts == 2


def test_it_is_given_up_after_five_attempts(
    reader: User, evening: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(_: EmailMultiAlternatives) -> None:
        tried.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    for minutes in range(0, 200, 11):
        evening.move_to(MORNING + timedelta(minutes=minutes))
        digests.send_digests()

    assert len(tried) == digests.ATTEMPTS == 5


def test_a_worker_that_dies_lets_it_be_sent_after_its_lease(reader: User, evening: Traveller) -> None:
    evening.move_to(MORNING)
    Digest.objects.create(owner=reader, day=MORNING.date(), attempts=1, lease_until=MORNING + digests.LEASE)
    held = digests.send_digests()
    evening.shift(digests.LEASE + timedelta(seconds=1))

    assert (held, digests.send_digests()) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_send_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: MORNING)
    acme = stock()
    counted(acme)
    close(acme, 103.0)
    reader = reachable(UserFactory(), daily_digest=True)
    WatchlistFactory(owner=reader, instruments=[acme])
    together, send = Barrier(4, timeout=30), digests._send

    def wait_and_send(owner_id: int, address: str, until: datetime) -> bool:
        together.wait()
        return send(owner_id, address, until)

    monkeypatch.setattr(digests, "_send", wait_and_send)

    def run(_: int) -> int:
        try:
            return digests.send_digests()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        sent = list(workers.map(run, range(4)))

    assert (sum(sent), len(outbox_of.outbox)) == (1, 1)
