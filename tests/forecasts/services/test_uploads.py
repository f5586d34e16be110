from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.market_data.upload import MAX_BYTES, Options
from forecasts.models import (
    Forecast,
    ForecastRequest,
    Instrument,
    PriceBar,
    Restatement,
    WatchlistEntry,
)
from forecasts.services import BadRows, Mode, reading, uploads
from tests.factories import LAST_DAY, ForecastRequestFactory, InstrumentFactory, WatchlistFactory
from tests.forecasts.price_files import price_line, price_sheet, sheet_of

BAD = sheet_of([price_line("2013-02-27", 10), price_line("2013-02-28", 11), "2013-03-01,x,2,1,1,5"])
ALPHA = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"


def keep(
    owner: User, content: bytes, name: str = "FUND", mode: Mode = Mode.CREATE, **options: object
) -> Instrument:
    look = services.look_into(
        owner=owner, name=name, content=content, filename="fund.csv", options=Options(**options)
    )
    instrument, _ = services.keep_upload(owner=owner, look=look, mode=mode)
    return instrument


def closes(instrument: Instrument) -> list[float]:
    return list(instrument.bars.order_by("date").values_list("close", flat=True))


# Making it ------------------------------------------------------------------------------------------------


def test_a_file_becomes_a_private_instrument_with_final_bars(user: User) -> None:
    made = keep(user, price_sheet(30), "my-fund", currency="eur", calendar="weekdays")

    assert (made.symbol, made.owner, made.source) == ("UPLOAD:MY-FUND", user, "upload")
    assert (made.currency, made.calendar, made.data_revision) == ("EUR", "weekdays", 1)
    assert closes(made) == [float(close) for close in range(71, 101)]
    assert set(made.bars.values_list("state", "source")) == {(PriceBar.State.FINAL, "upload")}


@pytest.mark.parametrize("name", ["", "a b", "X" * 33, "ä", "ß", "../x", "UPLOAD:", None, "A\0"])
def test_a_name_that_is_none_is_refused(user: User, name: str) -> None:
    with pytest.raises(RequestRefused, match="name of 1 to 32 letters") as refused:
        keep(user, price_sheet(), name)

    assert refused.value.field == "name"
    assert not Instrument.objects.exists()


def test_a_name_is_taken_once_by_each_person(user: User, other: User) -> None:
    first = keep(user, price_sheet(30))
    keep(other, price_sheet(10))

    with pytest.raises(RequestRefused, match="You have UPLOAD:FUND already") as refused:
        keep(user, price_sheet(20))

    assert refused.value.code == "name_taken"
    assert first.bars.count() == 30
    assert Instrument.objects.visible_to(user).get().bars.count() == 30


def test_there_is_a_most_of_uploads(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 1)
    keep(user, price_sheet())

    with pytest.raises(RequestRefused, match="You have 1 uploads, the most there can be"):
        keep(user, price_sheet(), "SECOND")


def test_bad_rows_keep_a_file_out_and_are_named(user: User) -> None:
    with pytest.raises(BadRows) as refused:
        keep(user, BAD)

    assert [problem.row for problem in refused.value.problems] == [4]
    assert not Instrument.objects.exists()


def test_bad_rows_are_skipped_where_the_owner_says_so(user: User) -> None:
    made = keep(user, BAD, skip_bad_rows=True)

    assert closes(made) == [10.0, 11.0]


def test_a_failure_in_the_middle_leaves_nothing(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(type(PriceBar.objects.all()), "upsert", fail)

    with pytest.raises(RuntimeError):
        keep(user, price_sheet())

    assert not Instrument.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_gets_the_name() -> None:
    owner = User.objects.create_user("ada@example.com")

    def create(count: int) -> str:
        try:
            return keep(owner, price_sheet(count)).symbol
        except RequestRefused as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(create, (10, 20)))

    assert answers == ["UPLOAD:FUND", "name_taken"]
    assert Instrument.objects.get().bars.count() in (10, 20)


# What its owner says --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"calendar": "MARS"}, "calendar"),
        ({"calendar": "../etc"}, "calendar"),
        ({"currency": "dollars"}, "currency"),
        ({"currency": "=1+1"}, "currency"),
    ],
)
def test_an_unknown_calendar_or_currency_is_refused(user: User, options: dict[str, str], field: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        keep(user, price_sheet(), **options)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("said", "stored"), [("usd", "USD"), ("GBp", "GBp"), (" eur ", "EUR"), ("", ""), (None, "")]
)
def test_a_currency_is_written_as_markets_write_it(user: User, said: str, stored: str) -> None:
    assert keep(user, price_sheet(), currency=said).currency == stored


def test_a_calendar_is_found_in_any_case(user: User) -> None:
    assert keep(user, price_sheet(), calendar="xnys").calendar == "XNYS"


def test_a_file_too_large_is_refused_before_it_is_read(user: User, settings: Settings) -> None:
    with pytest.raises(RequestRefused, match="larger than 20 MB"):
        keep(user, b"x" * (MAX_BYTES + 1))
    with pytest.raises(RequestRefused, match="larger than 20 MB"):
        services.refuse_too_large(str(settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))
    services.refuse_too_large(str(MAX_BYTES))
    services.refuse_too_large(None)


def test_a_process_reads_one_file_at_a_time(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.01)

    with reading._reading, pytest.raises(RequestRefused, match="Other files are being read") as refused:
        keep(user, price_sheet())

    assert refused.value.code == "busy"


# Replacing it ---------------------------------------------------------------------------------------------


def test_replacing_puts_a_new_history_in_the_place_of_the_old(user: User) -> None:
    made = keep(user, price_sheet(30), calendar="XNYS", currency="USD")
    issued = ForecastRequestFactory(owner=user, forecast__succeeded=True, forecast__instrument=made)

    replaced = keep(user, price_sheet(closes=[5.0, 6.0, 7.0]), mode=Mode.REPLACE)

    assert (replaced.pk, replaced.data_revision) == (made.pk, 2)
    assert (replaced.calendar, replaced.currency) == ("XNYS", "USD")
    assert closes(replaced) == [5.0, 6.0, 7.0]
    assert Restatement.objects.get().reason == Restatement.Reason.REPLACED
    assert ForecastRequest.objects.get() == issued


def test_replacing_by_another_calendar_alone_is_a_revision_too(user: User) -> None:
    keep(user, price_sheet(30), calendar="weekdays")

    replaced = keep(user, price_sheet(30), mode=Mode.REPLACE, calendar="XLON")

    assert (replaced.calendar, replaced.data_revision) == ("XLON", 2)
    assert Restatement.objects.get().sessions == 0


def test_a_replacing_that_fails_leaves_the_old_history(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = keep(user, price_sheet(30), calendar="weekdays")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(type(PriceBar.objects.all()), "upsert", fail)
    with pytest.raises(RuntimeError):
        keep(user, price_sheet(closes=[5.0, 6.0]), mode=Mode.REPLACE, calendar="XLON")

    made.refresh_from_db()
    assert (made.bars.count(), made.data_revision, made.calendar) == (30, 1, "weekdays")


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.APPEND])
def test_what_is_not_there_cannot_be_changed(user: User, other: User, mode: Mode) -> None:
    keep(other, price_sheet(10))

    with pytest.raises(RequestRefused, match=f"no upload called UPLOAD:FUND to {mode}"):
        keep(user, price_sheet(20), mode=mode)

    assert Instrument.objects.get().bars.count() == 10


# Appending to it ------------------------------------------------------------------------------------------


def test_appending_adds_what_is_newer_alone(user: User) -> None:
    made = keep(user, price_sheet(closes=[1.0, 2.0, 3.0], last=date(2013, 2, 27)))
    before = dict(made.bars.values_list("date", "fetched_at"))

    keep(user, price_sheet(closes=[2.0, 3.0, 4.0, 5.0]), mode=Mode.APPEND)

    made.refresh_from_db()
    assert (closes(made), made.data_revision) == ([1.0, 2.0, 3.0, 4.0, 5.0], 1)
    after = dict(made.bars.values_list("date", "fetched_at"))
    assert {day: after[day] for day in before} == before


def test_appending_is_refused_where_the_two_disagree(user: User) -> None:
    made = keep(user, price_sheet(closes=[1.0, 2.0, 3.0], last=date(2013, 2, 27)))

    with pytest.raises(RequestRefused, match="on 1 day this file's prices are not") as refused:
        keep(user, price_sheet(closes=[2.0, 3.3, 4.0, 5.0]), mode=Mode.APPEND)

    assert "2013-02-27: open 3.3, here 3" in refused.value.message
    assert closes(made) == [1.0, 2.0, 3.0]


def test_appending_is_refused_without_a_session_in_common(user: User) -> None:
    made = keep(user, price_sheet(closes=[400.0, 401.0], last=date(2013, 2, 26)))

    with pytest.raises(RequestRefused, match="Include the last stored session, 2013-02-26"):
        keep(user, price_sheet(closes=[100.0, 101.0]), mode=Mode.APPEND)

    assert closes(made) == [400.0, 401.0]


def test_appending_nothing_new_is_refused(user: User) -> None:
    keep(user, price_sheet(30))

    with pytest.raises(RequestRefused, match="nothing after 2013-03-01"):
        keep(user, price_sheet(30), mode=Mode.APPEND)


def test_appending_another_currency_is_refused(user: User) -> None:
    keep(user, price_sheet(30, last=date(2013, 2, 27)), currency="USD")

    with pytest.raises(RequestRefused, match="the currency USD, and keeps them"):
        keep(user, price_sheet(30), mode=Mode.APPEND, currency="EUR")


def test_a_split_among_new_sessions_cannot_be_appended(user: User) -> None:
    keep(user, price_sheet(closes=[100.0, 101.0], last=date(2013, 2, 26)))
    lines = [
        "2013-02-26,101,102,100,101,50.5,1000,0,1",
        "2013-02-27,102,103,101,102,51,1000,0,1",
        "2013-02-28,52,53,51,52,52,1000,0,2",
        "2013-03-01,52,53,51,53,53,1000,0,1",
    ]

    with pytest.raises(RequestRefused, match=r"2013-02-26: open 50\.5, here 101"):
        keep(user, sheet_of(lines, ALPHA), mode=Mode.APPEND)


def test_what_keeping_would_do_is_foretold(user: User) -> None:
    keep(user, price_sheet(closes=[1.0, 2.0, 3.0], last=date(2013, 2, 27)))
    files = {"FUND": price_sheet(closes=[3.0, 4.0, 5.0]), "NEW": price_sheet()}

    words = {}
    for name, content in files.items():
        look = services.look_into(owner=user, name=name, content=content, filename="f.csv", options=Options())
        words[name] = services.foresee_keeping(owner=user, look=look).in_words

    assert words == {
        "FUND": "UPLOAD:FUND is there with 3 sessions. Replacing would put this file's in their place. "
        "Appending would add 2 sessions to them.",
        "NEW": "There is no UPLOAD:NEW yet: it will be new.",
    }


# Deleting it ----------------------------------------------------------------------------------------------


def test_deleting_takes_forecasts_and_places_on_watchlists_with_it(user: User) -> None:
    made, sample = keep(user, price_sheet(30)), InstrumentFactory()
    ForecastRequestFactory(owner=user, forecast__succeeded=True, forecast__instrument=made)
    WatchlistFactory(owner=user, instruments=[made, sample])

    attached = services.attached_to(made)
    services.delete_upload(owner=user, symbol="UPLOAD:FUND")

    assert (attached.forecasts, attached.watchlists) == (1, 1)
    assert list(Instrument.objects.all()) == [sample]
    assert not Forecast.objects.exists()
    assert WatchlistEntry.objects.get().instrument == sample


def test_only_an_upload_of_ones_own_can_be_deleted(user: User, other: User) -> None:
    keep(other, price_sheet(30))
    InstrumentFactory(symbol="SAMPLE:AAPL")

    for symbol in ("UPLOAD:FUND", "SAMPLE:AAPL", "MSFT"):
        with pytest.raises(RequestRefused, match=f"no upload called {symbol}"):
            services.delete_upload(owner=user, symbol=symbol)

    assert Instrument.objects.count() == 2


def test_uploads_go_with_their_owner(user: User, other: User) -> None:
    keep(user, price_sheet(30))
    theirs = keep(other, price_sheet(20))

    user.delete()

    assert Instrument.objects.get() == theirs
    assert PriceBar.objects.count() == 20
    assert theirs.bars.order_by("date").last().date == LAST_DAY
