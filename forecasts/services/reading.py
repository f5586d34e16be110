"""Reading a file of prices as its owner says."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from django.conf import settings

from forecasts import calendars
from forecasts.errors import RequestRefused
from forecasts.market_data.upload import MAX_BYTES, Options, Unreadable, read
from forecasts.models import Instrument
from forecasts.services.instruments import UPLOAD_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import User
    from forecasts.market_data.upload import Reading

NAME = re.compile(r"[A-Z0-9_-]{1,32}")
# Pence, cents and the like are written with a small last letter: GBp, ZAc.
CURRENCY = re.compile(r"[A-Z]{3}|[A-Z]{2}[a-z]")
TOO_LARGE = (
    f"This file is larger than {MAX_BYTES // 1024**2} MB, the most that can be uploaded. Leave out columns "
    "other than dates, prices and volume, or save it as Parquet."
)
# Reading a large file takes hundreds of MB for seconds; a web process must not do that many times at once.
# Who waits holds one of its few threads, so nobody waits long.
PATIENCE_SECONDS = 3
_reading = BoundedSemaphore(1)


@dataclass(frozen=True)
class Look:
    """What a file holds, and how its owner said it is to be read and kept."""

    symbol: str
    reading: Reading
    options: Options

    @property
    def rows(self) -> int:
        return len(self.reading.bars)

    @property
    def first_session(self) -> date:
        return date.fromisoformat(f"{self.reading.bars.index[0]:%Y-%m-%d}")

    @property
    def last_session(self) -> date:
        return date.fromisoformat(f"{self.reading.bars.index[-1]:%Y-%m-%d}")

    @property
    def currency(self) -> str:
        return self.options.currency or ""


def look_into(*, owner: User, name: str, content: bytes, filename: str, options: Options) -> Look:
    """Read a file; what its owner does not say of calendar and currency is as with the stored history.

    Refused (unreadable) where nothing can be made of it; `field` is the option that would settle it, if one.
    """
    symbol = upload_symbol(name)
    settled = settle_options(owner=owner, symbol=symbol, options=options)
    if len(content) > MAX_BYTES:
        raise _too_large()
    with _turn():
        try:
            return Look(symbol, read(content, filename, settled), settled)
        except Unreadable as error:
            field = error.option or "file"
            raise RequestRefused(error.message, code="unreadable", field=field) from error


@contextmanager
def _turn() -> Iterator[None]:
    if not _reading.acquire(timeout=PATIENCE_SECONDS):
        raise RequestRefused("Other files are being read just now. Try again in a moment.", code="busy")
    try:
        yield
    finally:
        _reading.release()


def refuse_too_large(content_length: object) -> None:
    """Refuse a request by its Content-Length: the file in such a body is dropped unread."""
    length = str(content_length or "")
    if length.isdecimal() and int(length) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
        raise _too_large()


def _too_large() -> RequestRefused:
    return RequestRefused(TOO_LARGE, code="too_large", field="file")


def upload_symbol(name: object) -> str:
    """Return the symbol of an upload's name; small letters will do, and so will the symbol itself."""
    text = name.strip() if isinstance(name, str) else ""
    short = text.upper().removeprefix(UPLOAD_PREFIX)
    if not text.isascii() or not NAME.fullmatch(short):
        raise RequestRefused(
            "Give the prices a name of 1 to 32 letters, digits, dashes and underscores, such as MY-FUND.",
            field="name",
        )
    return UPLOAD_PREFIX + short


def own_upload(owner: User, symbol: str) -> Instrument | None:
    if not NAME.fullmatch(symbol.removeprefix(UPLOAD_PREFIX)):
        return None  # the database refuses to look for some of what strangers send
    return Instrument.objects.filter(owner=owner, source=Instrument.Source.UPLOAD, symbol=symbol).first()


def settle_options(*, owner: User, symbol: str, options: Options) -> Options:
    """Check what the owner says of calendar and currency, and fill in what was said of a stored history."""
    known = own_upload(owner, symbol)
    said_before = known.calendar if known and not known.calendar_guessed else None
    return replace(
        options,
        calendar=_calendar(options.calendar) or said_before,
        currency=_currency(options.currency) or (known.currency if known else None) or None,
    )


def _calendar(name: str | None) -> str | None:
    text = (name or "").strip()
    found = next((one for one in (text, text.upper(), text.lower()) if calendars.is_known(one)), None)
    if text and not found:
        raise RequestRefused(
            f"There is no calendar {text[:20]!r}. Give an exchange's code such as XNYS (New York) or XLON "
            f"(London), or {calendars.EVERY_DAY}, or {calendars.WEEKDAYS}.",
            field="calendar",
        )
    return found


def _currency(code: str | None) -> str | None:
    text = (code or "").strip()
    written = text if CURRENCY.fullmatch(text) else text.upper()
    if text and not CURRENCY.fullmatch(written):
        raise RequestRefused(
            "Give the currency as its code of three letters, such as USD, EUR or GBp for pence.",
            field="currency",
        )
    return written or None
