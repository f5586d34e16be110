"""A browser, and what it complains about: a test ends well only if it did not."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

from tests.site import Site, register

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NONE_HERE = "no Chromium was found: install one, or set CHROMIUM to its path"
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} forbids ${event.blockedURI} at ${event.sourceFile}`));
"""
PHONE = {"width": 375, "height": 740}
MILLISECONDS = 60_000


def find_chromium() -> str | None:
    given = os.environ.get("CHROMIUM")
    return given or next((found for name in NAMES if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip without a browser before a site is started for it; in continuous integration that is a fault."""
    if find_chromium() is None and not os.environ.get("CI"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(NONE_HERE))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if find_chromium() is None:
        terminalreporter.write_line(f"BROWSER TESTS DID NOT RUN: {NONE_HERE}.", red=True, bold=True)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.fail(NONE_HERE)
    options = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=options, timeout=MILLISECONDS)
        yield started
        started.close()


class Complaints(list[str]):
    """What pages said was wrong: errors and warnings of the console, exceptions, breaches of the policy."""

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.append(f"{message.text} ({message.location.get('url', '')})")

    def hear_exception(self, error: Error) -> None:
        self.append(error.stack or str(error))


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    heard = Complaints()
    yield heard
    assert heard == []


@pytest.fixture
def context(browser: Browser, complaints: Complaints, site: Site) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=site.url, color_scheme="light", locale="en-GB")
    opened.set_default_timeout(MILLISECONDS)
    opened.add_init_script(REPORT_VIOLATIONS)
    opened.on("console", complaints.hear)
    opened.on("weberror", lambda error: complaints.hear_exception(error.error))
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="package")
def session(site: Site) -> str:
    """The session of somebody who has an account and nothing in it yet."""
    return register(site, "grace@example.com")


@pytest.fixture
def signed_in(context: BrowserContext, session: str, site: Site) -> Page:
    context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
    return context.new_page()
