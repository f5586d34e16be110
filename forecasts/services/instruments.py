"""Finding instruments, and taking up symbols that nobody has asked for before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasts.errors import RequestRefused
from forecasts.market_data import source_of, sources
from forecasts.models import Instrument

if TYPE_CHECKING:
    from accounts.models import User
    from forecasts.models.instruments import InstrumentQuerySet

SAMPLE_PREFIX, UPLOAD_PREFIX = "SAMPLE:", "UPLOAD:"


def printable(text: str) -> str:
    """Return the text without what nobody can have meant to search for; the database refuses NUL outright."""
    return "".join(character for character in text if character.isprintable())


def is_live_symbol(text: str) -> bool:
    """Whether it is written, but for small letters, as a live source writes symbols."""
    source = source_of(text.upper())
    return source is not None and source.is_live


def normalise_symbol(symbol: object) -> str:
    """Return the symbol in upper case; anything but a non-empty string of printable characters is refused."""
    text = symbol.strip() if isinstance(symbol, str) else ""
    if not text or not text.isprintable():
        raise _invalid("Give a symbol, for example SAMPLE:AAPL or MSFT.")
    return text.upper()


def _invalid(message: str, code: str = "invalid_symbol") -> RequestRefused:
    return RequestRefused(message, code=code, field="symbol")


def find_instrument(*, user: User | None, symbol: str) -> Instrument:
    """Return a stored instrument that the user may see; raise RequestRefused (unknown_symbol) otherwise."""
    symbol = normalise_symbol(symbol)
    # A user's own upload and nobody else's can bear the symbol, so at most one row is visible.
    found = Instrument.objects.visible_to(user).filter(symbol=symbol).first()
    if found is None:
        raise _unknown(symbol)
    return found


def _unknown(symbol: str) -> RequestRefused:
    if symbol.startswith(SAMPLE_PREFIX):
        known = Instrument.objects.filter(source=Instrument.Source.SAMPLE).order_by("symbol")
        names = ", ".join(known.values_list("symbol", flat=True)) or "none; run manage.py load_sample first"
        return _invalid(f"There is no sample called {symbol}. The samples are: {names}.", "unknown_symbol")
    if symbol.startswith(UPLOAD_PREFIX):
        return _invalid(f"You have no upload called {symbol}. Check its name.", "unknown_symbol")
    if source_of(symbol) is None:
        return _no_symbol(symbol)
    return _invalid(
        f"{symbol} is not known here yet. Its prices are fetched when you put it on a watchlist or ask for a "
        "forecast of it.",
        "unknown_symbol",
    )


def _no_symbol(text: str) -> RequestRefused:
    examples = [
        f"{source.example} ({source.name})"
        for source in sources().values()
        if source.is_live and source.configured()
    ]
    return _invalid(
        f"{text[:40]!r} is not a symbol. Use letters, digits, dots and dashes as its source writes them: "
        f"{', '.join(examples)}, or a sample such as SAMPLE:AAPL."
    )


def find_or_register(*, user: User | None, symbol: str) -> Instrument:
    """Return the instrument; a live source's symbol seen for the first time becomes one without bars."""
    symbol = normalise_symbol(symbol)
    if symbol.startswith((SAMPLE_PREFIX, UPLOAD_PREFIX)):
        return find_instrument(user=user, symbol=symbol)
    source = source_of(symbol)
    if source is None:
        raise _no_symbol(symbol)
    if not source.configured():
        raise _invalid(f"{symbol} would come from {source.name}, which is not set up here. {source.remedy}")
    instrument, _ = Instrument.objects.get_or_create(
        symbol=symbol,
        owner=None,
        defaults={"source": source.key, "calendar": source.calendar(symbol)},
    )
    return instrument


def search_instruments(*, user: User | None, text: str = "") -> InstrumentQuerySet:
    """Instruments with a history that the user may see, by part of the symbol or name."""
    return Instrument.objects.visible_to(user).with_history().search(printable(text).strip())
