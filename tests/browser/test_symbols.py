"""Completing a field as one types, by keyboard and mouse, and searching on the page of instruments."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.site import Site

pytestmark = pytest.mark.browser

TOYOTA = [("7203.T", "Tokyo"), ("TM", "NYSE"), ("TOM.F", "Frankfurt")]


@pytest.fixture(scope="module", autouse=True)
def toyota(site: Site) -> Iterator[None]:
    """What Yahoo has answered to “toyota”."""
    for symbol, exchange in TOYOTA:
        site.query(
            "insert into forecasts_listing (symbol, source, name, kind, exchange, seen_at)"
            " values (%s, 'yahoo', 'Toyota Motor Corporation', 'equity', %s, now())",
            symbol,
            exchange,
        )
    site.query(
        "insert into forecasts_symbolsearch (text, symbols, answered_at) values ('toyota', %s, now())",
        [symbol for symbol, _ in TOYOTA],
    )
    yield
    site.query("delete from forecasts_symbolsearch where text = 'toyota'")
    site.query("delete from forecasts_listing where name = 'Toyota Motor Corporation'")


@pytest.fixture
def on_list(signed_in: Page) -> Iterator[Page]:
    """The page of a new watchlist."""
    signed_in.goto("/watchlists/new/")
    signed_in.fill("input[name=name]", "Cars")
    signed_in.get_by_role("button", name="Create").click()
    yield signed_in
    signed_in.goto("/")
    signed_in.get_by_role("link", name="Cars").click()
    signed_in.get_by_role("link", name="Delete…").click()
    signed_in.get_by_role("button", name="Delete it").click()


def test_a_symbol_is_chosen_with_the_keyboard(on_list: Page) -> None:
    field = on_list.get_by_role("combobox", name="Add a symbol")
    field.press_sequentially("toyota")
    expect(on_list.locator(".options").get_by_role("option")).to_have_count(3)
    expect(field).to_have_attribute("aria-expanded", "true")

    field.press("ArrowDown")
    field.press("ArrowDown")
    chosen = on_list.locator(".options").get_by_role("option", selected=True)
    expect(chosen).to_contain_text("Stock · NYSE")
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    field.press("Enter")

    expect(field).to_have_value("TM")
    expect(on_list.get_by_role("listbox")).to_be_hidden()
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("Enter")
    expect(on_list.get_by_role("rowheader", name="TM")).to_be_visible()


def test_a_symbol_is_chosen_with_the_mouse(on_list: Page) -> None:
    field = on_list.get_by_role("combobox", name="Add a symbol")
    field.press_sequentially("toyota")

    on_list.locator(".options").get_by_role("option", name="7203.T").click()

    expect(field).to_have_value("7203.T")
    expect(field).to_be_focused()
    expect(on_list.get_by_role("listbox")).to_be_hidden()


def test_options_go_away_with_escape_and_when_one_leaves(on_list: Page) -> None:
    field = on_list.get_by_role("combobox", name="Add a symbol")
    field.press_sequentially("toyota")
    options = on_list.locator(".options").get_by_role("option")
    expect(options).to_have_count(3)

    field.press("Escape")
    expect(options.first).to_be_hidden()
    field.press("Backspace")
    expect(options.first).to_be_visible()
    field.press("Tab")

    expect(options.first).to_be_hidden()
    expect(field).to_have_value("toyot")


def test_options_stay_inside_a_phones_screen(on_list: Page) -> None:
    on_list.set_viewport_size({"width": 375, "height": 740})
    on_list.get_by_role("combobox", name="Add a symbol").press_sequentially("toyota")
    expect(on_list.locator(".options").get_by_role("option")).to_have_count(3)

    box = on_list.locator(".options").bounding_box()

    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375


def test_results_follow_what_is_typed(signed_in: Page) -> None:
    signed_in.goto("/instruments/")
    field = signed_in.get_by_role("searchbox")

    field.press_sequentially("toyota")

    expect(signed_in.get_by_role("rowheader")).to_have_text(["7203.T", "TM", "TOM.F"])
    expect(field).to_be_focused()
    expect(signed_in).to_have_url("/instruments/?q=toyota")
    field.fill("ibm")
    expect(signed_in.get_by_role("rowheader", name="SAMPLE:IBM")).to_be_visible()
