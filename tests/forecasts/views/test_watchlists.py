"""A watchlist's page and what can be done to it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from forecasts import services
from forecasts.models import ForecastRequest, Watchlist
from tests.factories import InstrumentFactory, WatchlistFactory, bars

GETTABLE = ["watchlist_detail", "watchlist_rename", "watchlist_delete"]
POSTABLE = ["watchlist_rename", "watchlist_delete", "watchlist_add", "watchlist_remove", "watchlist_forecast"]


def url(name: str, watchlist: Watchlist) -> str:
    return reverse(f"forecasts:{name}", args=[watchlist.pk])


@pytest.fixture
def watchlist(user: User) -> Watchlist:
    return WatchlistFactory(owner=user, name="Tech", instruments=[InstrumentFactory(symbol="SAMPLE:AAPL")])


@pytest.mark.parametrize("name", GETTABLE)
def test_watchlist_pages_are_the_owners_alone(
    name: str, watchlist: Watchlist, signed_in: Client, as_other: Client
) -> None:
    address = url(name, watchlist)

    assert signed_in.get(address).status_code == 200
    assert as_other.get(address).status_code == 404
    assert Client().get(address).url == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("name", POSTABLE)
def test_watchlist_changes_are_the_owners_alone(name: str, watchlist: Watchlist, as_other: Client) -> None:
    address, sent = url(name, watchlist), {"name": "Stolen", "symbol": "SAMPLE:AAPL"}

    assert as_other.post(address, sent).status_code == 404
    assert Client().post(address, sent).url == f"/accounts/login/?next={address}"
    assert [(row.name, row.entries.count()) for row in Watchlist.objects.all()] == [("Tech", 1)]


def test_watchlist_changes_need_the_forms_token(user: User, watchlist: Watchlist) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)

    response = strict.post(url("watchlist_delete", watchlist))

    assert response.status_code == 403
    assert "This form is too old" in response.content.decode()


def test_watchlist_create_leads_to_the_new_list(signed_in: Client, user: User) -> None:
    response = signed_in.post("/watchlists/new/", {"name": "  Old  and steady "})

    made = Watchlist.objects.get(owner=user)
    assert (made.name, response.url) == ("Old and steady", made.get_absolute_url())


@pytest.mark.parametrize(
    ("name", "words"), [("Tech", "You already have a watchlist called"), ("", "Give the watchlist a name")]
)
def test_watchlist_create_refuses_beside_the_field(
    name: str, words: str, signed_in: Client, watchlist: Watchlist
) -> None:
    response = signed_in.post("/watchlists/new/", {"name": name})

    assert words in response.context["form"].errors["name"][0]
    assert Watchlist.objects.count() == 1


def test_watchlist_rename_changes_the_name(signed_in: Client, watchlist: Watchlist) -> None:
    signed_in.post(url("watchlist_rename", watchlist), {"name": "Technology"})

    watchlist.refresh_from_db()
    assert watchlist.name == "Technology"


def test_watchlist_rename_refuses_a_name_taken(signed_in: Client, watchlist: Watchlist) -> None:
    WatchlistFactory(owner=watchlist.owner, name="Taken")

    response = signed_in.post(url("watchlist_rename", watchlist), {"name": "Taken"})

    assert "name" in response.context["form"].errors
    assert "Rename “Tech”" in response.content.decode()


def test_watchlist_delete_asks_first(signed_in: Client, watchlist: Watchlist) -> None:
    signed_in.get(url("watchlist_delete", watchlist))
    assert Watchlist.objects.count() == 1

    response = signed_in.post(url("watchlist_delete", watchlist))

    assert (Watchlist.objects.count(), response.url) == (0, "/")


def test_watchlist_add_finds_by_name(signed_in: Client, watchlist: Watchlist) -> None:
    ibm = InstrumentFactory(symbol="SAMPLE:IBM", name="International Business Machines")
    bars(ibm, 1)

    signed_in.post(url("watchlist_add", watchlist), {"symbol": "business"})

    assert ibm in watchlist.instruments.all()


def test_watchlist_add_refuses_beside_the_field(signed_in: Client, watchlist: Watchlist) -> None:
    response = signed_in.post(url("watchlist_add", watchlist), {"symbol": "SAMPLE:NONE"})

    assert response.status_code == 400
    assert "There is no sample called SAMPLE:NONE" in response.content.decode()
    assert watchlist.entries.count() == 1


def test_watchlist_remove_takes_the_symbol_off(signed_in: Client, watchlist: Watchlist) -> None:
    signed_in.post(url("watchlist_remove", watchlist), {"symbol": "SAMPLE:AAPL"})

    assert watchlist.entries.count() == 0


def test_watchlist_remove_says_when_there_is_nothing_to_remove(
    signed_in: Client, watchlist: Watchlist
) -> None:
    response = signed_in.post(url("watchlist_remove", watchlist), {"symbol": "SAMPLE:IBM"}, follow=True)

    assert [str(message) for message in response.context["messages"]] == [
        "SAMPLE:IBM is not on this watchlist."
    ]


def test_watchlist_forecast_asks_for_what_it_can_and_says_what_it_cannot(
    signed_in: Client, user: User, watchlist: Watchlist
) -> None:
    long = InstrumentFactory(symbol="SAMPLE:LONG")
    bars(long, 500)
    watchlist.entries.create(instrument=long)

    response = signed_in.post(url("watchlist_forecast", watchlist), follow=True)

    asked = ForecastRequest.objects.for_user(user).get()
    assert (asked.forecast.instrument, asked.forecast.horizon) == (long, 20)
    assert "SAMPLE:AAPL has no prices" in response.content.decode()


def test_watchlist_forecast_of_an_empty_list_says_what_to_do(signed_in: Client, user: User) -> None:
    response = signed_in.post(url("watchlist_forecast", WatchlistFactory(owner=user)), follow=True)

    assert "add a symbol first" in response.content.decode()


def test_watchlist_detail_asks_as_often_for_three_rows_as_for_one(
    signed_in: Client, watchlist: Watchlist, queries: Callable[[Client, str], int]
) -> None:
    one = queries(signed_in, watchlist.get_absolute_url())
    for instrument in InstrumentFactory.create_batch(2):
        watchlist.entries.create(instrument=instrument)

    assert queries(signed_in, watchlist.get_absolute_url()) == one


@pytest.mark.parametrize("name", ["watchlist_rename", "watchlist_add"])
def test_watchlist_deleted_meanwhile_is_not_found(
    name: str, signed_in: Client, watchlist: Watchlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = {"watchlist_rename": "rename_watchlist", "watchlist_add": "add_to_watchlist"}[name]
    do = getattr(services, service)

    def delete_first(**asked: Any) -> None:
        Watchlist.objects.all().delete()
        do(**asked)

    monkeypatch.setattr(services, service, delete_first)

    response = signed_in.post(url(name, watchlist), {"name": "New", "symbol": "SAMPLE:AAPL"})

    assert (response.status_code, Watchlist.objects.count()) == (404, 0)
