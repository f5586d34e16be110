"""The newcomer's walk: sign up, a watchlist, SAMPLE:AAPL, a forecast being made, its chart and evidence."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts import days, drawn
from tests.sessions import new_york_sessions
from tests.site import PASSWORD, Site

pytestmark = pytest.mark.browser

BANDS = {f"Model {percent} %{end}" for percent in (50, 80, 95) for end in ("", " low")}
JUDGED = """
SELECT forecast.verdict, origins
FROM forecasts_forecastrequest request
JOIN forecasts_forecast forecast ON forecast.id = forecast_id
JOIN forecasts_evaluation evaluation ON evaluation.id = evaluation_id
WHERE request.id = %s
"""
# What other tests asked of this site must not answer the newcomer at once.
ANOTHER_QUESTION = "UPDATE forecasts_forecast SET model_hash = 'of another test'"
FAN = {"History", *BANDS, "Model median", "Naive 80 %", "Naive 80 % low"}


def sign_up(page: Page, email: str) -> None:
    page.goto("/")
    page.locator("main").get_by_text("Create an account").click()
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)
    page.fill("input[name=password2]", PASSWORD)
    page.get_by_role("button", name="Create account").click()


def make_watchlist(page: Page, name: str, symbol: str) -> None:
    page.get_by_label("Name of the new watchlist").fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.get_by_label(f"Add a symbol or name to {name}").fill(symbol)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row", name=symbol)).to_contain_text("1 Mar 2013")


def ask(page: Page, symbol: str) -> None:
    page.goto(f"/instruments/{symbol}/")
    page.get_by_role("button", name="Ask for a forecast").click()


def check_fan(page: Page) -> None:
    traces = drawn(page, "#fan-chart")
    assert set(traces) == FAN
    assert days(traces) <= new_york_sessions()
    assert traces["History"]["type"] == "candlestick"
    assert traces["History"]["x"][-1] == "2013-03-01"
    median = traces["Model median"]
    assert (len(median["x"]), median["x"][0], median["x"][1]) == (21, "2013-03-01", "2013-03-04")
    low, high = traces["Model 95 % low"]["y"], traces["Model 95 %"]["y"]
    assert all(a < b < c for a, b, c in zip(low[1:], median["y"][1:], high[1:], strict=True))


def check_evidence(page: Page, site: Site) -> None:
    request = page.url.rstrip("/").rpartition("/")[2]
    ((verdict, origins),) = site.query(JUDGED, request)
    expect(page.locator(".verdict")).to_contain_text(verdict)
    expect(page.get_by_role("heading", name="The evidence")).to_be_visible()
    table = page.get_by_role("region", name="Evidence by step: table")
    assert table.locator("tbody th").all_text_contents() == ["1", "5", "10", "20"]
    assert origins == 250
    assert len(drawn(page, "#calibration-chart")) == 5


def test_the_newcomers_walk(page: Page, site: Site) -> None:
    site.query(ANOTHER_QUESTION)
    sign_up(page, "newcomer@example.com")
    make_watchlist(page, "Technology", "SAMPLE:AAPL")

    with site.without("training"):
        ask(page, "SAMPLE:AAPL")
        expect(page.get_by_role("heading", name="Your forecast is being made")).to_be_visible()
        expect(page.locator(".progress-line")).to_contain_text("Waiting for a worker")
    # Nothing is clicked: the page follows the progress, and shows the result by itself.
    page.wait_for_selector("#fan-chart")

    check_fan(page)
    check_evidence(page, site)
    assert page.get_by_role("region", name="Quantiles of the model").locator("tbody tr").count() == 20
    page.goto("/")
    expect(page.get_by_role("row", name="SAMPLE:AAPL")).to_contain_text("8 Mar 2013")
