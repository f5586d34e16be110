"""Which of a file's columns is which, by name: as the well-known sources write them, and in plain words."""

from __future__ import annotations

import re
import unicodedata

from forecasts.market_data.upload.base import Unreadable, listed, shown

# Names as `plain` leaves them: small letters and digits only. A weaker name counts where no stronger one is.
NAMES = {
    "date": ("date", "datum", "fecha", "data", "day", "tradedate", "tradingdate", "tradingday", "session"),
    "open": ("open", "openprice", "eroffnung", "eroffnungskurs", "ersterkurs", "erster", "ouverture", "ouv",
             "apertura", "otwarcie", "opening"),
    "high": ("high", "highprice", "hoch", "hochstkurs", "tageshoch", "hochst", "haut", "plushaut", "max",
             "maximo", "massimo", "najwyzszy"),
    "low": ("low", "lowprice", "tief", "tiefstkurs", "tagestief", "tiefst", "bas", "plusbas", "min", "minimo",
            "najnizszy"),
    "close": ("close", "closeprice", "closing", "closingprice", "closelast", "schluss", "schlusskurs",
              "letzterkurs", "cloture", "clot", "cierre", "chiusura", "zamkniecie",
              "closeclosepriceadjustedforsplits"),
    "adj_close": ("adjclose", "adjustedclose", "closeadj", "closeadjusted", "adjcloseprice",
                  "adjustedclosingprice", "bereinigterschlusskurs",
                  "adjcloseadjustedclosepriceadjustedforsplitsanddividendandorcapitalgaindistributions"),
    "volume": ("volume", "vol", "volumen", "stucke", "umsatz", "wolumen", "totalvolume", "sharevolume"),
    "dividend": ("dividend", "dividends", "dividendamount", "divcash", "exdividend", "dividende"),
    "split": ("split", "splits", "splitcoefficient", "stocksplits", "stocksplit", "splitfactor",
              "splitratio"),
    "symbol": ("symbol", "ticker", "isin", "wkn", "secid"),
}  # fmt: skip
WEAKER_NAMES = {
    "date": ("time", "timestamp", "datetime", "indexlevel0", "unnamed0"),
    "close": ("price", "last", "lastprice"),
}
ROLES = {name: role for role, names in NAMES.items() for name in names}
WEAKER_ROLES = {name: role for role, names in WEAKER_NAMES.items() for name in names}
NEEDED = ("date", "open", "high", "low", "close")
EXAMPLE = "Date,Open,High,Low,Close,Volume"
OF_ALPHA_VANTAGE = {"adjusted_close", "split_coefficient"}
NUMBERED = re.compile(r"^\s*[0-9]+[a-z]?\.\s+")
NOT_PLAIN = re.compile(r"[^a-z0-9]")


def plain(name: str) -> str:
    """Return a column's name without case, accents, spaces and signs: "Adj Close**" is adjclose."""
    without_number = NUMBERED.sub("", name)
    letters = unicodedata.normalize("NFKD", without_number.casefold().replace("ł", "l"))
    return NOT_PLAIN.sub("", letters)


def count_known(names: list[str]) -> int:
    """Return how many different roles the names fill: what tells a header from other lines."""
    return len({role for name in names if (role := _role(plain(name)))})


def match(names: list[str]) -> dict[str, int]:
    """Return the position of each role's column; raises Unreadable if one lacks or two claim it."""
    plain_names = [plain(name) for name in names]
    found: dict[str, int] = {}
    for role in NAMES:
        claims = [at for at, name in enumerate(plain_names) if ROLES.get(name) == role]
        claims = claims or [at for at, name in enumerate(plain_names) if WEAKER_ROLES.get(name) == role]
        if len(claims) > 1:
            both = listed([shown(names[at]) for at in claims])
            raise Unreadable(f"{both} could each be the {role.replace('_', ' ')}. Keep one of these columns.")
        found.update((role, at) for at in claims)
    if "date" not in found and plain_names[0] == "":  # as pandas writes an index without a name
        found["date"] = 0
    _demand_needed(found, names)
    return found


def positions(roles: dict[str, int], width: int) -> list[int]:
    """Return which of `width` columns matter: those with a role, and that beside the date, for events."""
    beside = roles["date"] + 1
    return sorted({*roles.values(), *([beside] if beside < width else [])})


def _role(name: str) -> str | None:
    return ROLES.get(name) or WEAKER_ROLES.get(name)


def _demand_needed(found: dict[str, int], names: list[str]) -> None:
    missing = [role for role in NEEDED if role not in found]
    if missing:
        there = listed([shown(name) for name in names[:12] if name.strip()])
        raise Unreadable(
            f"There is no column for {listed(missing)}. The file's columns are {there or 'without names'}; "
            f"name them as in {EXAMPLE}."
        )


def format_name(names: list[str]) -> str:
    """Return who writes columns in this way."""
    first, *others = stripped = [name.strip() for name in names]
    if first.startswith("<") or stripped == EXAMPLE.split(","):
        return "Stooq"
    if plain(first) == "timestamp" and OF_ALPHA_VANTAGE & {name.lower() for name in others}:
        return "Alpha Vantage"
    if stripped[:5] == ["time", "open", "high", "low", "close"]:
        return "TradingView"
    if first == "Date" and any(name.startswith(("Adj Close", "Stock Splits")) for name in others):
        return "Yahoo Finance"
    return "plain"
