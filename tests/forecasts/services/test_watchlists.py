import pytest

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.models import Instrument, Watchlist
from tests.factories import InstrumentFactory, bars


@pytest.fixture
def watchlist(user: User) -> Watchlist:
    return services.create_watchlist(owner=user, name="  My   list ")


def stocked(symbol: str, name: str, count: int = 300) -> Instrument:
    instrument = InstrumentFactory(symbol=symbol, name=name)
    bars(instrument, count=count)
    return instrument


def symbols(watchlist: Watchlist) -> list[str]:
    return [entry.instrument.symbol for entry in watchlist.entries.all()]


def test_names_are_tidied_and_unique_per_person(watchlist: Watchlist, user: User, other: User) -> None:
    assert watchlist.name == "My list"
    with pytest.raises(RequestRefused, match="already have a watchlist called 'My list'") as refusal:
        services.create_watchlist(owner=user, name="My list")
    assert refusal.value.code == "name_taken"
    assert services.create_watchlist(owner=other, name="My list").owner == other


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, None])
def test_a_bad_name_is_refused(user: User, name: str) -> None:
    with pytest.raises(RequestRefused, match="1 to 80 characters"):
        services.create_watchlist(owner=user, name=name)


def test_renaming_to_a_name_in_use_changes_nothing(watchlist: Watchlist, user: User) -> None:
    services.create_watchlist(owner=user, name="Other")

    with pytest.raises(RequestRefused):
        services.rename_watchlist(watchlist=watchlist, name="Other")

    assert Watchlist.objects.get(pk=watchlist.pk).name == "My list"


def test_adding_by_symbol_twice_adds_once(watchlist: Watchlist) -> None:
    stocked("SAMPLE:AAPL", "Apple Inc.")

    services.add_to_watchlist(watchlist=watchlist, symbol="sample:aapl")
    services.add_to_watchlist(watchlist=watchlist, symbol="SAMPLE:AAPL")

    assert symbols(watchlist) == ["SAMPLE:AAPL"]


def test_adding_by_a_name_that_only_one_has(watchlist: Watchlist) -> None:
    stocked("SAMPLE:IBM", "International Business Machines")

    services.add_to_watchlist(watchlist=watchlist, symbol="business machines")

    assert symbols(watchlist) == ["SAMPLE:IBM"]


def test_a_name_that_several_have_names_them(watchlist: Watchlist) -> None:
    stocked("SAMPLE:AA", "Alpha One")
    stocked("SAMPLE:AB", "Alpha Two")

    with pytest.raises(RequestRefused, match="SAMPLE:AA, SAMPLE:AB") as refusal:
        services.add_to_watchlist(watchlist=watchlist, symbol="alpha")

    assert refusal.value.code == "ambiguous_symbol"


def test_removing_what_is_not_there_says_so(watchlist: Watchlist) -> None:
    with pytest.raises(RequestRefused, match="SAMPLE:AAPL is not on this watchlist"):
        services.remove_from_watchlist(watchlist=watchlist, symbol="SAMPLE:AAPL")


def test_removing(watchlist: Watchlist) -> None:
    stocked("SAMPLE:AAPL", "Apple Inc.")
    services.add_to_watchlist(watchlist=watchlist, symbol="SAMPLE:AAPL")

    services.remove_from_watchlist(watchlist=watchlist, symbol="sample:aapl")

    assert symbols(watchlist) == []


def test_forecasting_a_list_names_those_refused(watchlist: Watchlist) -> None:
    for symbol, count in (("SAMPLE:LONG", 300), ("SAMPLE:SHORT", 40)):
        stocked(symbol, symbol, count)
        services.add_to_watchlist(watchlist=watchlist, symbol=symbol)

    outcome = services.request_watchlist_forecasts(watchlist=watchlist, method="house", horizon=5)

    assert [request.forecast.instrument.symbol for request in outcome.requests] == ["SAMPLE:LONG"]
    assert [(symbol, refusal.code) for symbol, refusal in outcome.refused] == [("SAMPLE:SHORT", "too_short")]


def test_a_horizon_that_fits_none_is_refused_as_a_whole(watchlist: Watchlist) -> None:
    stocked("SAMPLE:LONG", "Long")
    services.add_to_watchlist(watchlist=watchlist, symbol="SAMPLE:LONG")

    with pytest.raises(RequestRefused, match="from 1 to 60"):
        services.request_watchlist_forecasts(watchlist=watchlist, horizon=99)


def test_a_list_deleted_meanwhile_stays_deleted(watchlist: Watchlist) -> None:
    stocked("SAMPLE:AAPL", "Apple Inc.")
    Watchlist.objects.filter(pk=watchlist.pk).delete()

    for change in (
        lambda: services.rename_watchlist(watchlist=watchlist, name="New"),
        lambda: services.add_to_watchlist(watchlist=watchlist, symbol="SAMPLE:AAPL"),
    ):
        with pytest.raises(RequestRefused, match="has been deleted") as refusal:
            change()
        assert refusal.value.code == "watchlist_gone"
    assert Watchlist.objects.count() == 0
