"""A price file on the running site: previewed, kept, forecast, appended to, private, deleted."""

import json
from datetime import date
from http.client import HTTPConnection
from math import exp, sin

from tests.factories import weekdays_until
from tests.forecasts.price_files import price_sheet
from tests.site import Answer, Person

LAST = date(2024, 3, 1)
CLOSES = [50 * exp(0.05 * sin(day / 7) + day / 4000) for day in range(300)]
BOUNDARY = "a-boundary-that-no-price-file-holds"


def upload(person: Person, content: bytes, **said: str) -> Answer:
    """Post a multipart form as any HTTP client does."""
    fields = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in said.items()
    )
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="prices.csv"\r\n\r\n'
    body = fields.encode() + file.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    connection = HTTPConnection("127.0.0.1", person.site.port, timeout=60)
    headers = {
        "Authorization": f"Token {person.token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    try:
        connection.request("POST", "/api/v1/instruments/uploads/", body, headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read().decode())
    finally:
        connection.close()


def test_an_upload_from_its_preview_to_its_end(ada: Person, bob: Person) -> None:
    whole, part = price_sheet(closes=CLOSES, last=LAST), price_sheet(closes=CLOSES[:-5], last=days_before(5))

    seen = upload(ada, part, name="walk", preview="true")
    kept = upload(ada, part, name="walk", currency="eur", calendar="weekdays")
    request = ada.ask("UPLOAD:WALK", horizon=5)
    forecast = ada.wait_for(request)
    longer = upload(ada, whole, name="walk", mode="append")

    assert (seen.status, seen.json["rows"], seen.json["kept"]) == (200, 295, 0)
    assert (kept.status, kept.json["kept"], kept.json["instrument"]["data_revision"]) == (201, 295, 1)
    assert (forecast["status"], forecast["currency"]) == ("succeeded", "EUR")
    assert (longer.status, longer.json["kept"]) == (201, 5)
    assert [point["actual"] is not None for point in ada.forecast(request)["points"]] == [True] * 5
    assert bob.call("GET", "instruments/UPLOAD:WALK/").status == 404
    assert bob.call("POST", "forecasts/", {"symbol": "UPLOAD:WALK", "method": "house"}).status == 400
    assert bob.call("GET", f"forecasts/{request}/").status == 404
    assert ada.call("DELETE", "instruments/UPLOAD:WALK/").status == 204
    assert ada.call("GET", f"forecasts/{request}/").status == 404


def test_an_upload_that_is_too_large(ada: Person) -> None:
    answer = upload(ada, b"x" * (21 * 1024**2), name="huge")

    (error,) = json.loads(answer.text)["errors"]
    assert (answer.status, error["code"]) == (400, "too_large")


def days_before(count: int) -> date:
    return weekdays_until(LAST, count + 1)[0]
