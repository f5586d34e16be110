"""Prices of one's own on the pages: looking at a file, keeping its good rows, appending, deleting."""

from datetime import date

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.charts import drawn
from tests.browser.conftest import PHONE
from tests.forecasts.price_files import price_line, price_sheet

pytestmark = pytest.mark.browser

LAST = date(2024, 3, 1)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def look_at(page: Page, content: bytes, name: str) -> None:
    page.goto("/instruments/")
    page.get_by_role("link", name="Upload your own prices").click()
    file = FilePayload(name="prices.csv", mimeType="text/csv", buffer=content)
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Look at it").click()


def keep(page: Page, content: bytes, name: str) -> None:
    look_at(page, content, name)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("heading", name=f"UPLOAD:{name}", exact=True)).to_be_visible()


def test_keeping_the_good_rows(signed_in: Page) -> None:
    bad = price_sheet(40, LAST) + b"2024-03-04,=1+1,3,1,2,5\n"

    look_at(signed_in, bad, "good-rows")

    problems = signed_in.get_by_role("region", name="Problems: table").locator("tbody tr")
    expect(problems).to_have_count(1)
    expect(problems).to_contain_text("42")
    signed_in.get_by_role("button", name="Keep the good rows only").click()
    expect(signed_in.get_by_text("UPLOAD:GOOD-ROWS: 40 sessions were kept.")).to_be_visible()
    assert set(drawn(signed_in, "#price-chart")) == {"UPLOAD:GOOD-ROWS", "Volume"}


def test_appending_what_is_newer(signed_in: Page) -> None:
    keep(signed_in, price_sheet(40, LAST), "GROWS")
    signed_in.get_by_role("link", name="Replace or append prices").click()
    newer = price_sheet(40, LAST) + f"{price_line('2024-03-04', 101)}\n".encode()
    signed_in.get_by_label("File").set_input_files(
        FilePayload(name="newer.csv", mimeType="text/csv", buffer=newer)
    )
    signed_in.get_by_role("button", name="Look at it").click()

    expect(signed_in.get_by_text("Appending would add 1 session to them.")).to_be_visible()
    signed_in.get_by_role("button", name="Append", exact=True).click()

    expect(signed_in.get_by_text("UPLOAD:GROWS: 1 session was kept.")).to_be_visible()
    expect(signed_in.get_by_text("Close of Monday 4 March 2024")).to_be_visible()


def test_deleting_it(signed_in: Page) -> None:
    keep(signed_in, price_sheet(40, LAST), "GOES")

    signed_in.get_by_role("link", name="Delete", exact=True).click()
    signed_in.get_by_role("button", name="Delete it").click()

    expect(signed_in.get_by_text("UPLOAD:GOES is deleted")).to_be_visible()


def test_the_pages_fit_a_phone(signed_in: Page) -> None:
    signed_in.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict of the two
    look_at(signed_in, price_sheet(40, LAST) + b"2024-03-04,x,3,1,2,5\n", "A" * 32)
    signed_in.get_by_role("heading", name="Keep it?").wait_for()
    excess = [signed_in.evaluate(OVERFLOW)]

    signed_in.goto("/uploads/new/")

    assert [*excess, signed_in.evaluate(OVERFLOW)] == [0, 0]
