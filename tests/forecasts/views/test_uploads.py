from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from forecasts import services
from forecasts.market_data.upload import Options
from forecasts.models import Instrument, UploadDraft
from forecasts.services import Mode
from tests.factories import InstrumentFactory, WatchlistFactory, bars
from tests.forecasts.price_files import price_line, price_sheet, sheet_of

NEW = "/uploads/new/"
BAD = sheet_of([price_line("2013-02-27", 10), price_line("2013-02-28", 11), "2013-03-01,=1+1,2,1,1,5"])


def send(client: Client, content: bytes, name: str = "fund", filename: str = "fund.csv", **said: str) -> Any:
    file = SimpleUploadedFile(filename, content, "text/csv")
    return client.post(NEW, {"file": file, "name": name, **said})


def put_aside(owner: User, content: bytes | None = None, name: str = "FUND") -> UploadDraft:
    return services.start_draft(
        owner=owner, name=name, filename="fund.csv", content=content or price_sheet(), options=Options()
    )


def keep(owner: User, content: bytes | None = None) -> Instrument:
    made, _ = services.keep_draft(draft=put_aside(owner, content), mode=Mode.CREATE, skip_bad_rows=False)
    return made


def text_of(response: HttpResponse) -> str:
    return " ".join(response.content.decode().split())


# Choosing a file ------------------------------------------------------------------------------------------


def test_upload_create_leads_to_what_was_understood(signed_in: Client, user: User) -> None:
    response = send(signed_in, price_sheet(30), currency="eur")

    draft = UploadDraft.objects.get(owner=user)
    assert (response.status_code, response["Location"]) == (302, f"/uploads/{draft.pk}/")
    assert (draft.name, draft.filename, draft.options["currency"]) == ("FUND", "fund.csv", "eur")
    assert bytes(draft.content) == price_sheet(30)


def test_upload_create_asks_for_the_symbol_that_is_to_be_replaced(signed_in: Client) -> None:
    assert 'value="MY-FUND"' in text_of(signed_in.get(f"{NEW}?name=MY-FUND"))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"PK\x03\x04 and so on", "fund", "field-error|errorlist"),
        (b"", "fund", "This file is empty"),
        (price_sheet(), "my fund", "name of 1 to 32 letters"),
        (price_sheet(), "", "Give the prices a name"),
    ],
)
def test_upload_create_says_what_is_wrong(signed_in: Client, content: bytes, name: str, words: str) -> None:
    response = send(signed_in, content, name)

    assert response.status_code == 400
    assert any(word in text_of(response) for word in words.split("|"))
    assert not UploadDraft.objects.exists()


def test_upload_create_says_that_no_file_was_chosen(signed_in: Client) -> None:
    response = signed_in.post(NEW, {"name": "fund"})

    assert response.status_code == 400
    assert "Choose a file." in text_of(response)


def test_upload_create_refuses_what_is_too_large(signed_in: Client) -> None:
    response = send(signed_in, b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))

    assert response.status_code == 400
    assert "larger than 20 MB" in text_of(response)
    assert "Choose a file." not in text_of(response)


def test_upload_create_escapes_what_it_repeats(signed_in: Client) -> None:
    response = send(signed_in, price_sheet(), "<script>x</script>")

    assert "&lt;script&gt;x" in response.content.decode()
    assert "<script>x" not in response.content.decode()


def test_upload_create_names_what_waits(signed_in: Client, user: User, other: User) -> None:
    mine = put_aside(user)
    put_aside(other, name="THEIRS")

    page = text_of(signed_in.get(NEW))

    assert f'href="/uploads/{mine.pk}/"' in page
    assert "THEIRS" not in page


# Looking at it --------------------------------------------------------------------------------------------


def test_upload_detail_tells_what_keeping_would_do(signed_in: Client, user: User) -> None:
    draft = put_aside(user, price_sheet(30))

    page = text_of(signed_in.get(draft.get_absolute_url()))

    assert "30 sessions from 21 Jan 2013 to 1 Mar 2013" in page
    assert "There is no UPLOAD:FUND yet: it will be new." in page
    assert '<button name="mode" value="create">Keep</button>' in page
    assert "20 more" in page
    assert 'value="append"' not in page


def test_upload_detail_offers_to_replace_and_append(signed_in: Client, user: User) -> None:
    keep(user, price_sheet(closes=[1.0, 2.0]))
    same, other_prices = put_aside(user, price_sheet(closes=[1.0, 2.0])), put_aside(user, price_sheet(30))

    pages = [text_of(signed_in.get(draft.get_absolute_url())) for draft in (same, other_prices)]

    assert all('value="replace"' in page for page in pages)
    assert ["nothing after 2013-03-01" in page for page in pages] == [True, False]
    assert "Cannot append: on 2 days" in pages[1]
    assert not any('value="append"' in page for page in pages)


def test_upload_detail_names_each_bad_row_and_escapes_cells(signed_in: Client, user: User) -> None:
    rows = ["2013-02-28,<b>bold</b>,2,1,1,5"]
    draft = put_aside(user, BAD + sheet_of(rows).split(b"\n", 1)[1])

    page = text_of(signed_in.get(draft.get_absolute_url()))

    assert "Keep the good rows only" in page
    assert ">4</td>" in page
    assert "=1+1" in page
    assert "<b>bold</b>" not in page


def test_upload_detail_reads_it_in_another_way(signed_in: Client, user: User) -> None:
    draft = put_aside(user)
    said = {"name": "other", "calendar": "XNYS", "currency": "GBp", "date_order": "", "decimal": ""}

    response = signed_in.post(draft.get_absolute_url(), said)

    draft.refresh_from_db()
    page = text_of(signed_in.get(draft.get_absolute_url()))
    assert (response.status_code, draft.name, draft.options["calendar"]) == (302, "OTHER", "XNYS")
    assert "UPLOAD:OTHER" in page
    assert "<dd>New York" in page
    assert "<dd>GBp</dd>" in page


def test_upload_detail_says_what_cannot_be(signed_in: Client, user: User) -> None:
    draft = put_aside(user)

    response = signed_in.post(draft.get_absolute_url(), {"name": "fund", "calendar": "MARS"})

    assert response.status_code == 400
    assert "There is no calendar" in text_of(response)


# Keeping it -----------------------------------------------------------------------------------------------


def test_upload_keep_leads_to_the_instrument(signed_in: Client, user: User) -> None:
    draft = put_aside(user, price_sheet(30))

    response = signed_in.post(f"{draft.get_absolute_url()}keep/", {"mode": "create"}, follow=True)

    made = Instrument.objects.get(owner=user)
    assert response.redirect_chain == [("/instruments/UPLOAD:FUND/", 302)]
    assert "UPLOAD:FUND: 30 sessions were kept." in text_of(response)
    assert made.bars.count() == 30


def test_upload_keep_takes_the_good_rows_where_asked(signed_in: Client, user: User) -> None:
    draft = put_aside(user, BAD)

    signed_in.post(f"{draft.get_absolute_url()}keep/", {"mode": "create", "skip_bad_rows": "yes"})

    assert Instrument.objects.get(owner=user).bars.count() == 2


@pytest.mark.parametrize(
    ("mode", "words"),
    [("create", "Some rows of this file cannot be kept"), ("", "Choose the mode"), ("x", "Choose the mode")],
)
def test_upload_keep_says_what_cannot_be(signed_in: Client, user: User, mode: str, words: str) -> None:
    draft = put_aside(user, BAD)

    response = signed_in.post(f"{draft.get_absolute_url()}keep/", {"mode": mode})

    assert response.status_code == 400
    assert words in text_of(response)
    assert not Instrument.objects.exists()


def test_upload_discard_throws_the_draft_away(signed_in: Client, user: User) -> None:
    draft = put_aside(user)

    response = signed_in.post(f"{draft.get_absolute_url()}discard/", follow=True)

    assert "The file fund.csv is thrown away." in text_of(response)
    assert not UploadDraft.objects.exists()


# Deleting it ----------------------------------------------------------------------------------------------


def test_upload_delete_asks_first(signed_in: Client, user: User) -> None:
    WatchlistFactory(owner=user, instruments=[keep(user)])

    asked = signed_in.get("/uploads/FUND/delete/")
    there = Instrument.objects.count()
    done = signed_in.post("/uploads/FUND/delete/", follow=True)

    assert "Its prices go, and its place on 1 watchlist. This cannot be undone." in text_of(asked)
    assert (asked.status_code, there, Instrument.objects.count()) == (200, 1, 0)
    assert "UPLOAD:FUND is deleted" in text_of(done)


def test_an_uploads_page_leads_to_changing_it(signed_in: Client, user: User) -> None:
    made, sample = keep(user), InstrumentFactory(symbol="SAMPLE:AAPL")
    bars(sample)

    own = text_of(signed_in.get(f"/instruments/{made.symbol}/"))
    others = text_of(signed_in.get("/instruments/SAMPLE:AAPL/"))

    assert 'href="/uploads/new/?name=FUND"' in own
    assert 'href="/uploads/FUND/delete/"' in own
    assert "/uploads/" not in others


# Who may --------------------------------------------------------------------------------------------------


def addresses(draft: UploadDraft) -> list[str]:
    at = draft.get_absolute_url()
    return [at, f"{at}keep/", f"{at}discard/", "/uploads/FUND/delete/"]


def test_what_belongs_to_somebody_else_is_not_there(as_other: Client, user: User) -> None:
    made, draft = keep(user), put_aside(user)

    answers = [as_other.post(address, {"mode": "replace"}).status_code for address in addresses(draft)]

    assert answers == [404] * 4
    assert as_other.get(draft.get_absolute_url()).status_code == 404
    assert as_other.get(f"/instruments/{made.symbol}/").status_code == 404
    assert (UploadDraft.objects.count(), Instrument.objects.count()) == (1, 1)


def test_nobody_is_led_to_sign_in(client: Client, user: User) -> None:
    draft = put_aside(user)
    keep(user)

    answers = [client.post(address) for address in [NEW, *addresses(draft)]]

    assert all(answer["Location"].startswith("/accounts/login/") for answer in answers)
    assert (UploadDraft.objects.count(), Instrument.objects.count()) == (1, 1)


@pytest.mark.parametrize("where", [f"{uuid4()}/", "NONE/delete/", "%00/delete/", "%F0%9F%98%80/delete/"])
def test_what_is_not_there(signed_in: Client, where: str) -> None:
    assert signed_in.get(f"/uploads/{where}").status_code == 404
