"""`alerts/`, `alerts/events/` and `alerts/settings/`."""

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import Alert, AlertRule, Instrument, NotificationSettings
from tests.factories import InstrumentFactory, WatchlistFactory
from tests.forecasts.alerts.made import rule
from tests.forecasts.api.conftest import client_for
from tests.forecasts.views.test_alerts import alert

RULES, EVENTS, SETTINGS = "/api/v1/alerts/", "/api/v1/alerts/events/", "/api/v1/alerts/settings/"
OUTSIDE = {"kind": "outside_band", "symbol": "acme", "band": 80}


@pytest.fixture
def acme(db: None) -> Instrument:
    return InstrumentFactory(yahoo=True, symbol="ACME")


def error_of(response: Response) -> tuple[str, str | None]:
    (error,) = response.json()["errors"]
    return error["code"], error["attr"]


def test_alert_create_answers_with_where_it_is(api: APIClient, user: User, acme: Instrument) -> None:
    response = api.post(RULES, OUTSIDE)

    made = AlertRule.objects.get(owner=user)
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{RULES}{made.pk}/"
    body = response.json()
    assert (body.pop("created_at")[:4], body.pop("active_since")[:4]) == (str(made.created_at.year),) * 2
    assert body == {
        "id": str(made.pk),
        "kind": "outside_band",
        "symbol": "ACME",
        "watchlist": None,
        "method": None,
        "band": 80,
        "price": None,
        "threshold": None,
        "by_email": False,
        "by_webhook": False,
        "is_active": True,
    }
    assert api.get(f"{RULES}{made.pk}/").json()["id"] == str(made.pk)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kind": "earthquake"}, ("invalid_choice", "kind")),
        ({"band": 50}, ("invalid_choice", "band")),
        ({"band": None}, ("invalid", "band")),
        ({"symbol": None}, ("invalid", "symbol")),
        ({"symbol": "NONE"}, ("unknown_symbol", "symbol")),
        ({"symbol": None, "watchlist": "none"}, ("invalid", "watchlist")),
        ({"price": 5}, ("invalid", "price")),
        ({"by_email": True}, ("no_mail", "by_email")),
        ({"colour": "red"}, ("unknown_field", "colour")),
        ({"kind": "price_chance", "band": None, "price": "much", "threshold": 0.5}, ("invalid", "price")),
    ],
)
def test_alert_create_refuses(
    api: APIClient, acme: Instrument, change: dict[str, object], expected: tuple[str, str]
) -> None:
    response = api.post(RULES, OUTSIDE | change)

    assert response.status_code == 400
    assert error_of(response) == expected
    assert not AlertRule.objects.exists()


def test_alert_list_holds_ones_own(api: APIClient, user: User, other: User, acme: Instrument) -> None:
    mine = rule(user, "stale_data", WatchlistFactory(owner=user))
    rule(other, "stale_data", acme)

    (row,) = api.get(RULES).json()["results"]

    assert (row["id"], row["watchlist"], row["symbol"]) == (str(mine.pk), str(mine.watchlist_id), None)


def test_alert_change_pauses(api: APIClient, user: User, acme: Instrument) -> None:
    made = rule(user, "outside_band", acme)

    response = api.patch(f"{RULES}{made.pk}/", {"is_active": False})

    assert (response.status_code, response.json()["is_active"]) == (200, False)
    assert error_of(api.patch(f"{RULES}{made.pk}/", {"band": 95})) == ("unknown_field", "band")


def test_alert_delete_leaves_what_it_told(api: APIClient, user: User, acme: Instrument) -> None:
    made = rule(user, "outside_band", acme)
    alert(user, rule=made)

    assert api.delete(f"{RULES}{made.pk}/").status_code == 204
    assert Alert.objects.get().rule is None


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_alerts_of_others_are_not_there(
    other_api: APIClient, nobody: APIClient, user: User, acme: Instrument, method: str
) -> None:
    made = rule(user, "outside_band", acme)

    assert getattr(other_api, method)(f"{RULES}{made.pk}/").status_code == 404
    assert getattr(nobody, method)(f"{RULES}{made.pk}/").status_code == 401
    assert AlertRule.objects.get().is_active


@pytest.mark.parametrize(
    ("method", "address"), [("post", RULES), ("post", f"{EVENTS}read/"), ("patch", SETTINGS)]
)
def test_writing_needs_the_scope(user: User, acme: Instrument, method: str, address: str) -> None:
    reader = client_for(user, "read", "watchlists:write", "forecasts:write")

    refused = getattr(reader, method)(address, OUTSIDE if address == RULES else {})

    assert refused.status_code == 403
    assert reader.get(RULES).status_code == 200
    assert client_for(user, "alerts:write").post(RULES, OUTSIDE).status_code == 201


def test_event_list_filters(api: APIClient, user: User, other: User, acme: Instrument) -> None:
    alert(user, 1, instrument=acme)
    alert(user, 2, kind="skill_lost", read_at="2026-01-05T12:00:00Z")
    alert(other, 3)

    def titles(query: str = "") -> list[str]:
        return [row["title"] for row in api.get(EVENTS + query).json()["results"]]

    assert titles() == ["Title 2", "Title 1"]
    assert titles("?unread=true") == titles("?symbol=acme") == titles("?kind=outside_band") == ["Title 1"]
    assert error_of(api.get(f"{EVENTS}?kind=earthquake")) == ("invalid_choice", "kind")


def test_event_list_tells_figures_and_rule(api: APIClient, user: User, acme: Instrument) -> None:
    made = rule(user, "outside_band", acme)
    told = alert(user, instrument=acme, rule=made, facts={"band": 80})

    (row,) = api.get(EVENTS).json()["results"]

    row.pop("created_at")
    assert row == {
        "id": str(told.pk),
        "kind": "outside_band",
        "symbol": "ACME",
        "rule": str(made.pk),
        "title": "Title 0",
        "text": "Text 0",
        "facts": {"band": 80},
        "read_at": None,
    }


@pytest.mark.parametrize("address", [RULES, EVENTS])
def test_lists_take_the_same_queries_at_one_row_and_at_three(
    user: User, acme: Instrument, count_queries: Callable[[str], int], address: str
) -> None:
    rule(user, "outside_band", acme)
    alert(user, 0)
    at_one = count_queries(address)
    for number in (1, 2):
        rule(user, "outside_band", InstrumentFactory(yahoo=True))
        alert(user, number)

    assert count_queries(address) == at_one


def test_events_are_marked_read_one_by_one_and_all(api: APIClient, user: User, other: User) -> None:
    first, _, strange = alert(user, 1), alert(user, 2), alert(other, 3)

    one = api.post(f"{EVENTS}read/", {"ids": [str(first.pk), str(strange.pk)]}).json()
    rest = api.post(f"{EVENTS}read/", {}).json()

    assert (one, rest) == ({"marked": 1, "unread": 1}, {"marked": 1, "unread": 0})
    assert list(Alert.objects.filter(read_at=None)) == [strange]


def test_settings_are_kept(api: APIClient, user: User, settings: Settings) -> None:
    settings.MAIL_CONFIGURED = True
    before = api.get(SETTINGS).json()

    after = api.patch(SETTINGS, {"daily_digest": True, "digest_hour": 18}).json()

    assert before == {"email_alerts": True, "daily_digest": False, "digest_hour": 7}
    assert (
        after == api.get(SETTINGS).json() == {"email_alerts": True, "daily_digest": True, "digest_hour": 18}
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"digest_hour": 24}, ("max_value", "digest_hour")),
        ({"digest_hour": "late"}, ("invalid", "digest_hour")),
        ({"daily_digest": True}, ("no_mail", "daily_digest")),
    ],
)
def test_settings_refuse(api: APIClient, body: dict[str, object], expected: tuple[str, str]) -> None:
    assert error_of(api.patch(SETTINGS, body)) == expected
    assert not NotificationSettings.objects.exists()
