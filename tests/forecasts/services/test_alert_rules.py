"""Setting, pausing and deleting alerts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts.errors import RequestRefused
from forecasts.models import AlertRule, Instrument
from forecasts.services import RuleWish, alert_rules, change_rule, make_rule
from tests.factories import InstrumentFactory, UserFactory, WatchlistFactory

OUTSIDE = RuleWish("outside_band", "ACME", band=80)
PRICE = RuleWish("price_chance", "ACME", price=105.0, threshold=0.5)


@pytest.fixture
def acme(db: None) -> Instrument:
    return InstrumentFactory(yahoo=True, symbol="ACME")


@pytest.fixture
def uploaded(user: User) -> Instrument:
    return InstrumentFactory(upload=True, symbol="UPLOAD:OWN", owner=user)


def refusal_of(owner: User, wish: RuleWish) -> tuple[str | None, str]:
    with pytest.raises(RequestRefused) as refused:
        make_rule(owner=owner, wish=wish)
    assert not AlertRule.objects.filter(owner=owner).exists()
    return refused.value.field, refused.value.message


@pytest.mark.parametrize(
    "wish",
    [
        OUTSIDE,
        PRICE,
        RuleWish("band_width", "acme", method="house"),
        RuleWish("skill_lost", "ACME"),
        RuleWish("stale_data", "ACME", by_webhook=True),
        RuleWish("forecast_ready", "SAMPLE:OLD"),
        RuleWish("outside_band", "UPLOAD:OWN", band=95),
    ],
)
def test_a_rule_of_each_kind_can_be_made(
    user: User, acme: Instrument, uploaded: Instrument, wish: RuleWish
) -> None:
    InstrumentFactory(symbol="SAMPLE:OLD")

    made = make_rule(owner=user, wish=wish)

    made.refresh_from_db()
    assert (made.owner, made.kind, made.instrument.symbol) == (user, wish.kind, wish.symbol.upper())
    details = (made.band, made.price, made.threshold, made.method, made.by_webhook, made.is_active)
    assert details == (wish.band, wish.price, wish.threshold, wish.method, wish.by_webhook, True)


def test_a_rule_of_a_watchlist_is_of_all_on_it(user: User, acme: Instrument) -> None:
    watchlist = WatchlistFactory(owner=user, instruments=[acme])

    made = make_rule(owner=user, wish=RuleWish("stale_data", watchlist=watchlist.pk))

    assert (made.instrument, made.watchlist) == (None, watchlist)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"kind": "earthquake"}, "kind", "no such kind of alert"),
        ({"band": None}, "band", "80 or 95"),
        ({"band": 50}, "band", "80 or 95"),
        ({"price": 100.0}, "price", "leave out the price"),
        ({"threshold": 0.5}, "threshold", "leave out the threshold"),
        ({"method": "magic"}, "method", "no such method"),
        ({"symbol": "NONE"}, "symbol", "not known here yet"),
        ({"symbol": ""}, "symbol", "one symbol, or one watchlist"),
        ({"watchlist": uuid4()}, "symbol", "one symbol, or one watchlist"),
        ({"symbol": "", "watchlist": uuid4()}, "watchlist", "no such watchlist"),
        ({"by_email": True}, "by_email", "sends no e-mail"),
        ({"kind": "stale_data", "band": None, "method": "house"}, "method", "leave out the method"),
        ({"symbol": "SAMPLE:OLD"}, "symbol", "sample data of the past"),
        ({"symbol": "UPLOAD:OWN", "kind": "stale_data", "band": None}, "symbol", "is an upload"),
    ],
)
def test_what_cannot_be_is_refused(
    user: User, acme: Instrument, uploaded: Instrument, change: dict[str, object], field: str, words: str
) -> None:
    InstrumentFactory(symbol="SAMPLE:OLD")

    about, message = refusal_of(user, replace(OUTSIDE, **change))

    assert about == field
    assert words in message


@pytest.mark.parametrize("price", [None, 0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_price_must_be_one(user: User, acme: Instrument, price: float | None) -> None:
    assert refusal_of(user, replace(PRICE, price=price))[0] == "price"


@pytest.mark.parametrize("threshold", [None, 0.0, 1.0, 50.0, float("nan")])
def test_a_threshold_must_be_a_chance(user: User, acme: Instrument, threshold: float | None) -> None:
    assert refusal_of(user, replace(PRICE, threshold=threshold))[0] == "threshold"


def test_a_price_is_of_one_instrument(user: User, acme: Instrument) -> None:
    watchlist = WatchlistFactory(owner=user, instruments=[acme])

    assert refusal_of(user, replace(PRICE, symbol="", watchlist=watchlist.pk))[0] == "watchlist"


def test_others_uploads_and_watchlists_are_not_there(user: User, other: User, uploaded: Instrument) -> None:
    watchlist = WatchlistFactory(owner=user)

    assert refusal_of(other, replace(OUTSIDE, symbol=uploaded.symbol))[0] == "symbol"
    assert refusal_of(other, replace(OUTSIDE, symbol="", watchlist=watchlist.pk))[0] == "watchlist"


def test_the_same_alert_is_set_once(user: User, other: User, acme: Instrument) -> None:
    make_rule(owner=user, wish=OUTSIDE)
    make_rule(owner=user, wish=replace(OUTSIDE, band=95))
    make_rule(owner=other, wish=OUTSIDE)

    with pytest.raises(RequestRefused) as refused:
        make_rule(owner=user, wish=replace(OUTSIDE, by_webhook=True))

    assert refused.value.code == "rule_exists"


def test_an_instrument_with_a_rule_is_kept_up_to_date(user: User, acme: Instrument) -> None:
    before = Instrument.objects.watched(timezone.now().date()).count()
    rule = make_rule(owner=user, wish=OUTSIDE)
    with_rule = Instrument.objects.watched(timezone.now().date()).count()
    change_rule(rule=rule, is_active=False)

    paused = Instrument.objects.watched(timezone.now().date()).count()

    assert (before, with_rule, paused) == (0, 1, 0)


def test_a_rule_that_is_resumed_begins_anew(user: User, acme: Instrument) -> None:
    rule = make_rule(owner=user, wish=OUTSIDE)
    began = rule.active_since
    with time_machine.travel(began + timedelta(days=1), tick=False):
        kept = change_rule(rule=rule, is_active=True, by_webhook=True)
        change_rule(rule=rule, is_active=False)
    with time_machine.travel(began + timedelta(days=2), tick=False):
        resumed = change_rule(rule=rule, is_active=True)

    assert (kept.active_since, kept.by_webhook) == (began, True)
    assert (resumed.active_since, resumed.by_webhook) == (began + timedelta(days=2), True)


def test_mail_is_offered_where_it_is_sent(user: User, acme: Instrument, settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    rule = make_rule(owner=user, wish=replace(OUTSIDE, by_email=True))
    settings.MAIL_CONFIGURED = False

    assert change_rule(rule=rule, by_email=True, is_active=False).by_email
    assert not change_rule(rule=rule, by_email=False).by_email


def test_a_rule_that_is_gone_cannot_be_changed(user: User, acme: Instrument) -> None:
    rule = make_rule(owner=user, wish=OUTSIDE)
    AlertRule.objects.all().delete()

    with pytest.raises(RequestRefused, match="deleted meanwhile"):
        change_rule(rule=rule, is_active=False)


@pytest.mark.django_db(transaction=True)
def test_the_last_alert_that_fits_is_set_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_rules, "MAX_RULES", 3)
    InstrumentFactory(yahoo=True, symbol="ACME")
    owner, together = UserFactory(), Barrier(6, timeout=20)

    def make(number: int) -> bool:
        together.wait()
        try:
            make_rule(owner=owner, wish=replace(PRICE, price=100.0 + number))
        except RequestRefused:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as windows:
        made = list(windows.map(make, range(6)))

    assert (sum(made), owner.alert_rules.count()) == (3, 3)
