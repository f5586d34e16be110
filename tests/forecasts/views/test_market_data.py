"""The page for staff: who sees it, what it tells, and its two buttons."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from forecasts import ingest, refreshing
from forecasts.market_data.lane import lane_of
from forecasts.models import Instrument, MissingSession, Restatement
from tests.factories import InstrumentFactory, WatchlistFactory, bars

PAGE = "/market-data/"


@pytest.fixture
def staff(client: Client, user: User) -> Client:
    user.is_staff = True
    user.save()
    client.force_login(user)
    return client


def known(symbol: str, **fields: Any) -> Instrument:
    made: Instrument = InstrumentFactory(yahoo=True, symbol=symbol, **fields)
    bars(made, 3)
    MissingSession.objects.create(instrument=made, date=date(2013, 2, 28))
    Restatement.objects.create(
        instrument=made,
        revision=2,
        reason="split",
        first_session=date(2013, 2, 27),
        last_session=date(2013, 3, 1),
        sessions=3,
    )
    return made


@pytest.mark.parametrize("address", ["", "run/", "refresh/", "reopen/"])
def test_for_all_but_staff_there_is_no_such_page(address: str, client: Client, as_other: Client) -> None:
    for who in (client, as_other):
        assert [who.get(PAGE + address).status_code, who.post(PAGE + address).status_code] == [404, 404]


def test_only_staff_are_led_to_it(client: Client, as_other: Client, user: User) -> None:
    link = 'href="/market-data/"'
    user.is_staff = True
    user.save()
    client.force_login(user)

    pages = [who.get("/methodology/").content.decode() for who in (client, as_other, Client())]

    assert [link in page for page in pages] == [True, False, False]


def test_market_data_tells_of_freshness_failures_gaps_and_restatements(staff: Client) -> None:
    error = {"code": "source_failed", "message": "Yahoo gave an answer that cannot be read.", "remedy": ""}
    known("ACME", fetch_error=error)

    content = staff.get(PAGE).content.decode()

    for text in ("1 Mar 2013", "Source failed", error["message"], "28 Feb 2013", "Split", "Open"):
        assert text in content


def test_market_data_tells_of_nothing_in_words(staff: Client) -> None:
    content = staff.get(PAGE).content.decode()

    for text in (
        "No instrument from a live source",
        "Every session that the calendars expect is stored.",
        "No stored price has been restated yet.",
    ):
        assert text in content


@pytest.mark.parametrize(("show", "count"), [("all", 2), ("failing", 1), ("nonsense", 2), ("gaps", 2)])
def test_market_data_narrows_its_table(show: str, count: int, staff: Client) -> None:
    known("ACME", fetch_error={"code": "source_failed", "message": "No."})
    known("OTHER")

    assert len(staff.get(PAGE, {"show": show}).context["rows"]) == count


def test_market_data_asks_as_often_for_three_instruments_as_for_one(
    staff: Client, queries: Callable[[Client, str], int]
) -> None:
    known("ONE")
    refreshing.begin_run([Instrument.objects.get().pk], "root@example.com")
    one = queries(staff, PAGE)
    known("TWO")
    known("THREE", calendar="XLON")

    assert queries(staff, PAGE) == one


def test_a_paused_source_is_told_of_and_reopened(staff: Client) -> None:
    lane = lane_of("yahoo")
    lane.take_turn()
    lane.refused(None)
    before = staff.get(PAGE).content.decode()

    after = staff.post(f"{PAGE}reopen/", {"source": "yahoo"}, follow=True).content.decode()

    assert "Paused until" in before
    assert "Paused until" not in after
    assert "Yahoo Finance is asked again." in after


def test_reopening_what_is_no_source_says_so(staff: Client) -> None:
    content = staff.post(f"{PAGE}reopen/", {"source": "nosuch"}, follow=True).content.decode()

    assert "There is no source" in content


def test_a_refresh_of_all_is_begun_and_followed_to_its_end(staff: Client) -> None:
    acme = known("ACME")
    WatchlistFactory(instruments=[acme])

    begun = staff.post(f"{PAGE}refresh/", follow=True).content.decode()
    under_way = staff.get(f"{PAGE}run/")
    ingest.note_look(acme.pk)
    over = staff.get(f"{PAGE}run/")

    assert "Refreshing all watched" in begun
    assert "Refresh all watched now" not in begun
    assert "0 of 1" in under_way.content.decode()
    assert over.headers["HX-Refresh"] == "true"
    assert "The last refresh of all watched" in staff.get(PAGE).content.decode()


def test_a_refresh_of_nothing_says_so(staff: Client) -> None:
    content = staff.post(f"{PAGE}refresh/", follow=True).content.decode()

    assert "Nobody watches an instrument" in content


def test_the_buttons_change_nothing_when_followed_as_links(staff: Client) -> None:
    WatchlistFactory(instruments=[known("ACME")])

    assert staff.get(f"{PAGE}refresh/").url == PAGE
    assert refreshing.current_run() is None
