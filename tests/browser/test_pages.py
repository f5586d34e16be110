"""What holds on every page: colours, signing in and out, cancelling, errors, narrow screens."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.charts import days, drawn
from tests.browser.conftest import PHONE, Complaints
from tests.sessions import new_york_sessions
from tests.site import PASSWORD, Site

pytestmark = pytest.mark.browser

PUBLIC = ["/", "/methodology/", "/instruments/", "/instruments/?q=zzz", "/instruments/SAMPLE:IBM/"]
PUBLIC += ["/instruments/SAMPLE:NO/", "/accounts/signup/", "/accounts/login/", "/accounts/password/reset/"]
OWN = ["/", "/watchlists/new/", "/forecasts/", "/instruments/SAMPLE:IBM/", "/account/", "/account/tokens/"]
OWN += ["/account/delete/", "/accounts/email/", "/accounts/password/change/", "/accounts/logout/"]
DRAWN = "() => !document.querySelector('[aria-busy=true]')"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def too_wide(page: Page, paths: list[str]) -> dict[str, int]:
    """Return by how many pixels each page is wider than a phone's screen, where it is."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict of the two
    found = {}
    for path in paths:
        page.goto(path)
        page.wait_for_function(DRAWN)
        if excess := page.evaluate(OVERFLOW):
            found[path] = excess
    return found


def ask(page: Page, symbol: str, method: str, horizon: int) -> None:
    page.goto(f"/instruments/{symbol}/")
    page.get_by_label("Method").select_option(method)
    page.get_by_label("Sessions ahead").fill(str(horizon))
    page.get_by_role("button", name="Ask for a forecast").click()


def test_light_and_dark(page: Page) -> None:
    page.goto("/instruments/SAMPLE:IBM/")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    toggle = page.get_by_role("button", name="Dark colours")
    expect(toggle).to_have_attribute("aria-pressed", "false")

    toggle.click()
    page.reload()

    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != light


def test_the_system_chooses_dark(browser: Browser, site: Site) -> None:
    with browser.new_context(base_url=site.url, color_scheme="dark") as context:
        page = context.new_page()
        page.goto("/")

        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_price_chart(page: Page) -> None:
    page.goto("/instruments/SAMPLE:IBM/")

    traces = drawn(page, "#price-chart")

    assert set(traces) == {"SAMPLE:IBM", "Volume"}
    assert days(traces) <= new_york_sessions()
    assert max(days(traces)) == "2013-03-01"


def test_sign_out_and_in(page: Page, site: Site, session: str) -> None:
    page.goto("/accounts/login/?next=/forecasts/")
    page.fill("input[name=login]", "grace@example.com")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{site.url}/forecasts/")

    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_url(f"{site.url}/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto("/forecasts/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password(page: Page, session: str) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "grace@example.com")
    page.fill("input[name=password]", "something else entirely")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("not correct")


def test_cancelling(signed_in: Page, site: Site) -> None:
    with site.without("training"):
        ask(signed_in, "SAMPLE:IBM", "fine-tuned", 41)
        signed_in.get_by_role("button", name="Cancel").click()

        expect(signed_in.get_by_role("heading", name="You cancelled this forecast")).to_be_visible()

    (row,) = site.query("SELECT status, fence FROM forecasts_forecast WHERE horizon = 41")
    assert row == ("cancelled", 0)


def test_a_question_that_is_refused(signed_in: Page, complaints: Complaints) -> None:
    ask(signed_in, "SAMPLE:FB", "fine-tuned", 20)

    expect(signed_in.locator("form.ask")).to_contain_text("SAMPLE:FB has 196 up to 2013-03-01")
    (complaint,) = complaints
    assert "400 (Bad Request)" in complaint
    complaints.clear()


def test_a_page_that_is_not_there(page: Page, complaints: Complaints) -> None:
    answer = page.goto("/no/such/page/")

    assert answer
    assert answer.status == 404
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    (complaint,) = complaints
    assert "404 (Not Found)" in complaint
    complaints.clear()


def test_api_documentation(page: Page) -> None:
    page.goto("/api/v1/docs/")

    expect(page.get_by_role("heading", name="StockCast API")).to_be_visible()
    expect(page.locator(".opblock").filter(has_text="Ask for a forecast").first).to_be_visible()


def test_public_pages_fit_a_phone(page: Page, complaints: Complaints) -> None:
    assert too_wide(page, PUBLIC) == {}
    (complaint,) = complaints  # of the symbol that nobody knows
    assert "404 (Not Found)" in complaint
    complaints.clear()


def test_own_pages_fit_a_phone(signed_in: Page) -> None:
    signed_in.goto("/watchlists/new/")
    signed_in.get_by_label("Name of the watchlist").fill("Old companies")
    signed_in.get_by_role("button", name="Create", exact=True).click()
    watchlist = signed_in.url
    signed_in.get_by_label("Add a symbol or name to Old companies").fill("SAMPLE:IBM")
    signed_in.get_by_role("button", name="Add", exact=True).click()
    ask(signed_in, "SAMPLE:IBM", "house", 42)
    signed_in.wait_for_selector("#fan-chart .main-svg")

    assert too_wide(signed_in, [signed_in.url, watchlist, *OWN]) == {}
