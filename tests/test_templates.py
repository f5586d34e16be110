"""What the Content-Security-Policy would silently drop never gets into a template."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
INLINE = {
    "a script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle=", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\s(?:on[a-z]+|hx-on[:a-z-]*)=", re.IGNORECASE),
    "another site's file": re.compile(
        r"<(?:script|link|img)[^>]*(?:src|href)=.?(?:https?:)?//", re.IGNORECASE
    ),
}


@pytest.mark.parametrize("what", INLINE)
def test_no_template_has_anything_inline(what: str) -> None:
    offenders = [str(path.relative_to(ROOT)) for path in TEMPLATES if INLINE[what].search(path.read_text())]

    assert offenders == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a script", "<script>x</script>"),
        ("a style element", "<style>"),
        ("a style attribute", '<p style="x">'),
        ("an event handler", '<a onclick="x">'),
        ("another site's file", '<script src="https://x">'),
    ],
)
def test_the_search_would_find_it(what: str, text: str) -> None:
    assert INLINE[what].search(text)
