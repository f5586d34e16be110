"""The two questions on a forecast's page, with scripts and without."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_pages import OVERFLOW, ask
from tests.site import Site

pytestmark = pytest.mark.browser


def ask_chance(page: Page, price: str) -> None:
    page.get_by_label("Price", exact=True).fill(price)
    page.get_by_role("button", name="Show the chances").click()


def ask_risk(page: Page, quantity: str) -> None:
    page.get_by_label("Shares").fill(quantity)
    page.get_by_role("button", name="Show the risk").click()


def test_questions_are_answered_on_the_page(signed_in: Page, browser: Browser, site: Site) -> None:
    ask(signed_in, "SAMPLE:IBM", "house", 17)
    signed_in.wait_for_selector("#fan-chart .main-svg")
    address = signed_in.url

    ask_chance(signed_in, "210")
    ask_risk(signed_in, "-25")

    expect(signed_in.locator("#chance-answer dd")).to_have_count(4)
    expect(signed_in.locator("#risk-answer")).to_contain_text("25 shares sold short")
    assert signed_in.url == address
    answers = signed_in.locator("#chance-answer dd").all_text_contents()
    signed_in.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict of the two
    assert signed_in.evaluate(OVERFLOW) == 0

    kept = signed_in.context.storage_state()
    with browser.new_context(base_url=site.url, java_script_enabled=False, storage_state=kept) as plain:
        page = plain.new_page()
        page.goto(address)
        ask_chance(page, "210")
        expect(page).to_have_url(f"{address}?price=210&step=17#decisions")
        assert page.locator("#chance-answer dd").all_text_contents() == answers
