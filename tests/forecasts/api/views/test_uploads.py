"""`instruments/uploads/`, and deleting an upload."""

from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import Instrument, PriceBar
from tests.factories import InstrumentFactory
from tests.forecasts.api.conftest import client_for
from tests.forecasts.price_files import price_line, price_sheet, sheet_of

ADDRESS = "/api/v1/instruments/uploads/"
BAD = sheet_of([price_line("2013-02-27", 10), price_line("2013-02-28", 11), "2013-03-01,x,2,1,1,5"])


def send(api: APIClient, content: bytes | None, **said: Any) -> Response:
    file = {} if content is None else {"file": SimpleUploadedFile("fund.csv", content, "text/csv")}
    return api.post(ADDRESS, {"name": "fund", **file, **said}, format="multipart")


def errors_of(response: Response) -> list[tuple[str, str | None]]:
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


def test_upload_answers_with_the_instrument_and_what_was_read(api: APIClient, user: User) -> None:
    response = send(api, price_sheet(30), currency="eur", calendar="XNYS")

    body = response.json()
    assert response.status_code == 201
    assert response["Location"] == "http://testserver/api/v1/instruments/UPLOAD:FUND/"
    assert (body["symbol"], body["rows"], body["kept"], body["problems"]) == ("UPLOAD:FUND", 30, 30, [])
    assert body["missing_sessions"] == []
    assert (body["date_order"], body["delimiter"], body["encoding"]) == ("ymd", ",", "utf-8")
    assert (body["instrument"]["last_session"], body["instrument"]["currency"]) == ("2013-03-01", "EUR")
    assert api.get("/api/v1/instruments/UPLOAD:FUND/").json()["calendar"] == "XNYS"
    assert Instrument.objects.get(owner=user).bars.count() == 30


def test_upload_tells_which_sessions_the_file_lacks(api: APIClient) -> None:
    lines = [price_line(day, 10) for day in ("2013-02-26", "2013-02-28", "2013-03-01")]

    body = send(api, sheet_of(lines), calendar="XNYS").json()

    assert body["missing_sessions"] == ["2013-02-27"]


def test_upload_previews_and_keeps_nothing(api: APIClient) -> None:
    response = send(api, BAD, preview="true")

    body = response.json()
    assert response.status_code == 200
    assert (body["instrument"], body["kept"], body["rows"]) == (None, 0, 2)
    assert body["prospect"] == "There is no UPLOAD:FUND yet: it will be new."
    assert [(problem["row"], problem["column"]) for problem in body["problems"]] == [(4, "Open")]
    assert not Instrument.objects.exists()


def test_upload_names_bad_rows(api: APIClient) -> None:
    response = send(api, BAD)

    whole, row = response.json()["errors"]
    assert response.status_code == 400
    assert errors_of(response) == [("bad_rows", "file"), ("bad_row", "file")]
    assert "only the 2 good ones" in whole["detail"]
    assert row["detail"].startswith("Row 4, Open: “x” is not")
    assert not PriceBar.objects.exists()


def test_upload_names_a_hundred_bad_rows_at_most(api: APIClient) -> None:
    good = [price_line("2013-02-27", 10), price_line("2013-02-28", 11)]

    response = send(api, sheet_of([*good, *["x,1,1,1,1,1"] * 150]))

    assert len(response.json()["errors"]) == 101


def test_upload_skips_bad_rows_where_asked(api: APIClient, user: User) -> None:
    response = send(api, BAD, skip_bad_rows="true")

    assert response.status_code == 201
    assert [problem["row"] for problem in response.json()["problems"]] == [4]
    assert Instrument.objects.get(owner=user).bars.count() == 2


def test_upload_replaces_and_appends(api: APIClient, user: User) -> None:
    send(api, price_sheet(closes=[1.0, 2.0]))

    again = send(api, price_sheet(closes=[3.0, 4.0, 5.0]))
    replaced = send(api, price_sheet(closes=[3.0, 4.0, 5.0]), mode="replace")
    nothing_new = send(api, price_sheet(closes=[3.0, 4.0, 5.0]), mode="append")
    newer = sheet_of([price_line("2013-03-01", 5), price_line("2013-03-04", 6)])
    appended = send(api, newer, mode="append")

    assert errors_of(again) == [("name_taken", "name")]
    assert "replace or append" in again.json()["errors"][0]["detail"]
    assert (replaced.status_code, replaced.json()["instrument"]["data_revision"]) == (201, 2)
    assert errors_of(nothing_new) == [("not_appended", "mode")]
    assert (appended.status_code, appended.json()["kept"]) == (201, 1)
    closes = Instrument.objects.get(owner=user).bars.order_by("date").values_list("close", flat=True)
    assert list(closes) == [3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"name": "a b"}, ("invalid", "name")),
        ({"name": ""}, ("blank", "name")),
        ({"name": "x" * 41}, ("max_length", "name")),
        ({"file": "a text"}, ("invalid", "file")),
        ({"mode": "append"}, ("unknown_symbol", "mode")),
        ({"mode": "merge"}, ("invalid_choice", "mode")),
        ({"calendar": "MARS"}, ("invalid", "calendar")),
        ({"currency": "dollars"}, ("invalid", "currency")),
        ({"date_order": "dym"}, ("invalid_choice", "date_order")),
        ({"decimal": ";"}, ("invalid_choice", "decimal")),
        ({"skip_bad_rows": "perhaps"}, ("invalid", "skip_bad_rows")),
        ({"preview": "perhaps"}, ("invalid", "preview")),
        ({"owner": "somebody"}, ("unknown_field", "owner")),
    ],
)
def test_upload_refuses(api: APIClient, said: dict[str, str], error: tuple[str, str]) -> None:
    response = send(api, price_sheet(), **said)

    assert response.status_code == 400
    assert errors_of(response) == [error]
    assert not Instrument.objects.exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, ("required", "file")),
        (b"", ("unreadable", "file")),
        (b"PK\x03\x04" + b"\0" * 40, ("unreadable", "file")),
        (b"\x89PNG\r\n\x1a\n", ("unreadable", "file")),
        (sheet_of(price_line(day, 9) for day in ("04/03/2013", "05/06/2013", "07/08/2013")),
         ("unreadable", "date_order")),
    ],
)  # fmt: skip
def test_upload_refuses_a_file(api: APIClient, content: bytes | None, error: tuple[str, str]) -> None:
    response = send(api, content)

    assert response.status_code == 400
    assert errors_of(response) == [error]
    assert response.json()["errors"][0]["detail"].endswith(".")
    assert not Instrument.objects.exists()


def test_upload_refuses_what_is_too_large(api: APIClient) -> None:
    response = send(api, b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))

    assert response.status_code == 400
    assert errors_of(response) == [("too_large", "file")]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{}", "application/json", 415),
        ("", "multipart/form-data; boundary=x", 400),
        ("no boundary", "multipart/form-data", 400),
        ("--x\r\nContent-Disposition: nonsense\r\n\r\n--x--", "multipart/form-data; boundary=x", 400),
        ("--x\r\n" + 'Content-Disposition: form-data; name="name"\r\n\r\na\r\n--x\r\n' * 1100 + "--x--",
         "multipart/form-data; boundary=x", 400),
    ],
)  # fmt: skip
def test_upload_refuses_what_is_no_form(api: APIClient, body: str, kind: str, status: int) -> None:
    response = api.generic("POST", ADDRESS, body, content_type=kind)

    assert response.status_code == status
    assert response.json()["errors"][0]["detail"].endswith(".")


def test_upload_is_its_owners_alone(api: APIClient, other_api: APIClient, nobody: APIClient) -> None:
    send(api, price_sheet(30))
    address = "/api/v1/instruments/UPLOAD:FUND/"

    assert other_api.get(address).status_code == 404
    assert other_api.get(f"{address}bars/").status_code == 404
    assert other_api.delete(address).status_code == 404
    assert other_api.get("/api/v1/instruments/").json()["results"] == []
    assert nobody.delete(address).status_code == 401
    assert send(nobody, price_sheet()).status_code == 401
    assert api.get(f"{address}bars/").json()["count"] == 30


def test_upload_needs_the_scope_of_asking_for_forecasts(user: User) -> None:
    weak, strong = client_for(user, "read", "watchlists:write"), client_for(user, "forecasts:write")

    assert send(weak, price_sheet()).status_code == 403
    assert weak.delete("/api/v1/instruments/UPLOAD:FUND/").status_code == 403
    assert send(strong, price_sheet()).status_code == 201


def test_upload_works_from_a_browser_that_is_signed_in(user: User) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(user)
    browser.get("/uploads/new/")
    token = browser.cookies["csrftoken"].value

    forged = send(browser, price_sheet())
    browser.credentials(HTTP_X_CSRFTOKEN=token)

    assert forged.status_code == 403
    assert send(browser, price_sheet()).status_code == 201


def test_destroy_deletes_an_upload(api: APIClient) -> None:
    send(api, price_sheet(30))

    response = api.delete("/api/v1/instruments/upload:fund/")

    assert response.status_code == 204
    assert not Instrument.objects.exists()


def test_destroy_finds_nothing_else(api: APIClient) -> None:
    InstrumentFactory(symbol="SAMPLE:AAPL")

    answers = [
        api.delete(f"/api/v1/instruments/{symbol}/") for symbol in ("SAMPLE:AAPL", "MSFT", "UPLOAD:X", "%00")
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert Instrument.objects.count() == 1
