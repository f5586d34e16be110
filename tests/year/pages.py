"""What a page says: its tables cell by cell, its facts, and its text."""

from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag


@dataclass(frozen=True)
class Page:
    """`tables` are rows of cells by the label of the region they stand in; `facts` are by their name."""

    tables: dict[str, list[list[str]]]
    facts: dict[str, str]
    text: str


def read(html: str) -> Page:
    main = BeautifulSoup(html, "html.parser").find("main")
    assert isinstance(main, Tag)
    return Page(
        {str(region["aria-label"]): _rows(region) for region in main.select("[role=region]:has(table)")},
        {_said(pair.dt): _said(pair.dd) for pair in main.select("dl.facts > div")},
        _said(main),
    )


def _rows(region: Tag) -> list[list[str]]:
    return [[_said(cell) for cell in row.find_all(["th", "td"])] for row in region.select("tbody tr")]


def _said(part: Tag | None) -> str:
    return " ".join(part.get_text(" ").split()) if part else ""


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def signed(share: float) -> str:
    text = f"{100 * share:+.1f} %".replace("-", "−")
    return text[1:] if text[1:] == "0.0 %" else text


def p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
