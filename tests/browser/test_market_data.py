"""The page for staff in a browser: nothing is forbidden by the policy, and a phone's screen holds it."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_pages import OVERFLOW
from tests.site import Site, register

pytestmark = pytest.mark.browser


@pytest.fixture
def staff(page: Page, site: Site) -> Page:
    email = f"{uuid4().hex}@example.com"
    session = register(site, email)
    site.query("UPDATE accounts_user SET is_staff = true WHERE email = %s", email)
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
    return page


def test_staff_are_led_to_the_state_of_prices(staff: Page) -> None:
    staff.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict of the two
    staff.goto("/")

    staff.get_by_role("link", name="Market data").click()

    expect(staff.get_by_role("heading", name="Sources")).to_be_visible()
    expect(staff.get_by_role("row", name="Yahoo Finance")).to_contain_text("Open")
    assert staff.evaluate(OVERFLOW) == 0


def test_a_refresh_of_all_is_answered_in_words(staff: Page) -> None:
    staff.goto("/market-data/")

    staff.get_by_role("button", name="Refresh all watched now").click()

    # Other tests may have put something on a watchlist.
    answer = re.compile("Nobody watches an instrument|Looking for the prices of [1-9]")
    expect(staff.get_by_text(answer)).to_be_visible()
