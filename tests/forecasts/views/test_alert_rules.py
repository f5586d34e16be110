"""What a person wants to be told, on the pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from forecasts.models import AlertRule, Instrument
from tests.factories import InstrumentFactory, WatchlistFactory
from tests.forecasts.alerts.made import NEXT, rule

LIST = "/alerts/rules/"


@pytest.fixture
def acme(db: None) -> Instrument:
    return InstrumentFactory(yahoo=True, symbol="ACME")


@pytest.fixture
def set_one(user: User, acme: Instrument) -> AlertRule:
    return rule(user, "outside_band", acme)


def test_alert_rule_list_names_each(signed_in: Client, user: User, other: User, acme: Instrument) -> None:
    rule(user, "price_chance", acme, price=105.5, threshold=0.6, method="house")
    rule(user, "stale_data", WatchlistFactory(owner=user, name="Tech"), is_active=False)
    rule(other, "skill_lost", InstrumentFactory(yahoo=True, symbol="HIDDEN"))

    text = signed_in.get(LIST).content.decode()

    assert "Chance of touching 105.50 at 60 % or more, by the house model method" in text
    assert "Tech" in text
    assert "<strong>paused</strong>" in text
    assert "HIDDEN" not in text


def test_alert_rule_list_takes_the_same_queries_at_one_row_and_at_three(
    signed_in: Client, user: User, set_one: AlertRule, queries: Callable[[Client, str], int]
) -> None:
    at_one = queries(signed_in, LIST)
    rule(user, "skill_lost", InstrumentFactory(yahoo=True))
    rule(user, "stale_data", WatchlistFactory(owner=user))

    assert queries(signed_in, LIST) == at_one


def test_alert_rule_list_shows_prices_on_todays_share_basis(
    signed_in: Client, user: User, acme: Instrument
) -> None:
    rule(user, "price_chance", acme, price=211.0, threshold=0.6)
    acme.actions.create(kind="split", date=NEXT, value=2.0)

    assert "Chance of touching 105.50 at 60 % or more" in signed_in.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"kind": "outside_band", "band": "95"}, ("outside_band", 95, None, None)),
        ({"kind": "price_chance", "price": "105.5", "threshold": "60"}, ("price_chance", None, 105.5, 0.6)),
        ({"kind": "stale_data", "method": "house"}, ("stale_data", None, None, None)),
    ],
)
def test_alert_rule_create_takes_what_its_kind_needs(
    signed_in: Client, acme: Instrument, sent: dict[str, str], kept: tuple[object, ...]
) -> None:
    """All fields are on the page, so all are sent."""
    page = f"{LIST}new/?symbol=ACME"
    assert signed_in.get(page).status_code == 200

    response = signed_in.post(page, {"band": "80", "price": "1", "threshold": "50", "method": ""} | sent)

    made = AlertRule.objects.get()
    assert response.url == LIST
    assert (made.kind, made.band, made.price, made.threshold) == kept
    assert made.instrument == acme


def test_alert_rule_create_is_of_a_watchlist_too(signed_in: Client, user: User) -> None:
    watchlist = WatchlistFactory(owner=user)

    signed_in.post(f"{LIST}new/?watchlist={watchlist.pk}", {"kind": "skill_lost", "by_webhook": "on"})

    made = AlertRule.objects.get()
    assert (made.watchlist, made.by_webhook) == (watchlist, True)


def test_alert_rule_create_refuses_beside_the_field(signed_in: Client, acme: Instrument) -> None:
    response = signed_in.post(f"{LIST}new/?symbol=ACME", {"kind": "price_chance", "threshold": "50"})

    assert response.context["form"].errors["price"] == ["Give a price above zero."]
    assert not AlertRule.objects.exists()


def test_alert_rule_create_offers_no_mail_where_none_is_sent(signed_in: Client, acme: Instrument) -> None:
    page = f"{LIST}new/?symbol=ACME"

    text = signed_in.get(page).content.decode()
    signed_in.post(page, {"kind": "skill_lost", "by_email": "on"})

    assert "This site sends no e-mail" in text
    assert not AlertRule.objects.get().by_email


@pytest.mark.parametrize("about", ["?symbol=NONE", "?watchlist=none", "?watchlist=%(strange)s"])
def test_alert_rule_create_needs_something_of_ones_own(signed_in: Client, other: User, about: str) -> None:
    strange = WatchlistFactory(owner=other)

    assert signed_in.get(f"{LIST}new/{about % {'strange': strange.pk}}").status_code == 404


def test_alert_rule_detail_pauses(signed_in: Client, set_one: AlertRule) -> None:
    page = f"{LIST}{set_one.pk}/"
    assert signed_in.get(page).status_code == 200

    signed_in.post(page, {"by_webhook": "on"})

    set_one.refresh_from_db()
    assert (set_one.is_active, set_one.by_webhook) == (False, True)


def test_alert_rule_delete_asks_first(signed_in: Client, set_one: AlertRule) -> None:
    page = f"{LIST}{set_one.pk}/delete/"

    assert signed_in.get(page).status_code == 200
    assert AlertRule.objects.exists()
    assert signed_in.post(page).url == LIST
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize("below", ["", "delete/"])
def test_alert_rules_are_their_owners_alone(as_other: Client, set_one: AlertRule, below: str) -> None:
    page = f"{LIST}{set_one.pk}/{below}"

    assert as_other.get(page).status_code == 404
    assert as_other.post(page).status_code == 404
    assert Client().post(page).url == f"/accounts/login/?next={page}"
    assert AlertRule.objects.get().is_active


def test_instruments_and_watchlists_lead_there(signed_in: Client, user: User, acme: Instrument) -> None:
    watchlist = WatchlistFactory(owner=user)

    instrument_page = signed_in.get("/instruments/ACME/").content.decode()
    watchlist_page = signed_in.get(watchlist.get_absolute_url()).content.decode()

    assert f"{LIST}new/?symbol=ACME" in instrument_page
    assert f"{LIST}new/?watchlist={watchlist.pk}" in watchlist_page
