"""Going on with what a source calls an instrument now."""

from dataclasses import replace

import pytest

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.ingest import refresh
from forecasts.market_data.base import Renamed
from forecasts.models import Instrument, WatchlistEntry
from tests.factories import InstrumentFactory, WatchlistFactory
from tests.forecasts.acme import listing, register
from tests.yahoo_server import YahooServer


@pytest.fixture
def renamed(db: None) -> Instrument:
    told = Renamed("Yahoo lists FB as META now.", "Add META to go on with it.", "META").as_json()
    return InstrumentFactory(yahoo=True, symbol="FB", fetch_error={**told, "at": "2024-05-24T20:30:00+00:00"})


def symbols_of(user: User) -> list[list[str]]:
    lists = user.watchlists.order_by("created_at")
    return [list(one.entries.values_list("instrument__symbol", flat=True)) for one in lists]


@pytest.mark.parametrize(
    ("error", "symbol"),
    [
        ({"code": "renamed", "new_symbol": "META"}, "META"),
        ({"code": "renamed", "new_symbol": "../admin"}, ""),
        ({"code": "renamed", "new_symbol": None}, ""),
        ({"code": "renamed"}, ""),
        (None, ""),
    ],
)
def test_a_renamed_instruments_new_symbol(error: dict[str, str] | None, symbol: str) -> None:
    instrument = InstrumentFactory.build(yahoo=True, symbol="FB", fetch_error=error)

    assert services.new_symbol_of(instrument) == symbol


def test_the_new_symbol_takes_the_olds_place_on_every_list_of_the_person(
    user: User, renamed: Instrument
) -> None:
    first, last = InstrumentFactory(), InstrumentFactory()
    WatchlistFactory(owner=user, instruments=[first, renamed, last])
    WatchlistFactory(owner=user, instruments=[renamed])
    WatchlistFactory(owner=user, instruments=[last])

    successor = services.follow_renaming(user=user, instrument=renamed)

    assert (successor.symbol, successor.source) == ("META", "yahoo")
    assert symbols_of(user) == [[first.symbol, "META", last.symbol], ["META"], [last.symbol]]


def test_a_list_that_has_both_keeps_the_new_symbol_once(user: User, renamed: Instrument) -> None:
    new = InstrumentFactory(yahoo=True, symbol="META")
    WatchlistFactory(owner=user, instruments=[new, renamed])

    services.follow_renaming(user=user, instrument=renamed)

    assert symbols_of(user) == [["META"]]


def test_the_old_history_and_other_peoples_lists_stay(user: User, other: User, renamed: Instrument) -> None:
    WatchlistFactory(owner=other, instruments=[renamed])

    services.follow_renaming(user=user, instrument=renamed)
    services.follow_renaming(user=user, instrument=renamed)

    assert Instrument.objects.filter(symbol="FB").exists()
    assert symbols_of(other) == [["FB"]]
    assert WatchlistEntry.objects.count() == 1


def test_what_was_not_renamed_is_refused(user: User) -> None:
    with pytest.raises(RequestRefused, match="TST is not known to have a new symbol"):
        services.follow_renaming(user=user, instrument=InstrumentFactory(yahoo=True, symbol="TST"))


def test_the_new_symbol_is_what_yahoo_answers_with(user: User, yahoo: YahooServer) -> None:
    yahoo.listings["FB"] = replace(listing(), symbol="META")
    facebook = register("FB")

    with pytest.raises(Renamed):
        refresh(facebook)

    facebook.refresh_from_db()
    assert services.new_symbol_of(facebook) == "META"
    assert services.follow_renaming(user=user, instrument=facebook).symbol == "META"
