"""Keeping what a file holds as a private instrument: making it, replacing it, appending, deleting."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction

from accounts.models import User
from forecasts import ingest
from forecasts.errors import RequestRefused
from forecasts.market_data.base import History
from forecasts.models import Instrument, Restatement, WatchlistEntry
from forecasts.services.appending import count_of, newer_part
from forecasts.services.reading import own_upload

if TYPE_CHECKING:
    from forecasts.market_data.upload import Problem
    from forecasts.services.reading import Look

MAX_UPLOADS = 50


class Mode(StrEnum):
    """What becomes of a history that bears the name already."""

    CREATE = "create"
    REPLACE = "replace"
    APPEND = "append"


def upload_mode(text: object) -> Mode:
    """Return the mode that somebody wrote; any other word is refused."""
    if text not in list(Mode):
        raise RequestRefused(f"Choose the mode {', '.join(Mode)}.", field="mode")
    return Mode(str(text))


class BadRows(RequestRefused):
    """Rows of a file cannot be kept; `problems` names each."""

    def __init__(self, problems: list[Problem], good: int) -> None:
        self.problems = problems
        super().__init__(
            "Some rows of this file cannot be kept. Mend those that are named and send it again, or keep "
            f"only the {good:,} good ones.",
            code="bad_rows",
            field="file",
        )


# Foreseeing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prospect:
    """What keeping a file would do to the history that bears its symbol, if there is one.

    `stored` counts that one's sessions and `newer` those that appending adds; `obstacle` is why it can't.
    """

    symbol: str
    instrument: Instrument | None = None
    stored: int = 0
    newer: int = 0
    obstacle: str = ""

    @property
    def in_words(self) -> str:
        if self.instrument is None:
            return f"There is no {self.symbol} yet: it will be new."
        there = f"{self.symbol} is there with {count_of(self.stored, 'session')}."
        adding = self.obstacle or f"Appending would add {count_of(self.newer, 'session')} to them."
        return f"{there} Replacing would put this file's in their place. {adding}"


def foresee_keeping(*, owner: User, look: Look) -> Prospect:
    instrument = own_upload(owner, look.symbol)
    if instrument is None:
        return Prospect(look.symbol)
    stored = instrument.bars.count()
    try:
        newer = len(_part_to_append(instrument, look).bars)
    except RequestRefused as refusal:
        return Prospect(look.symbol, instrument, stored, obstacle=refusal.message)
    return Prospect(look.symbol, instrument, stored, newer)


# Keeping --------------------------------------------------------------------------------------------------


def keep_upload(*, owner: User, look: Look, mode: Mode) -> tuple[Instrument, int]:
    """Keep a file as the owner's private instrument; return it and how many sessions were written.

    All or nothing. Raises BadRows where rows are bad and the options do not say to skip them, and
    RequestRefused where the mode does not fit what is stored.
    """
    if look.reading.problems and not look.options.skip_bad_rows:
        raise BadRows(look.reading.problems, look.rows)
    with transaction.atomic():
        lock_uploads(owner)
        existing = own_upload(owner, look.symbol)
        if mode == Mode.CREATE:
            return _create(owner, existing, look)
        if existing is None:
            raise RequestRefused(
                f"You have no upload called {look.symbol} to {mode}. Create it first.",
                code="unknown_symbol",
                field="mode",
            )
        return _replace(existing, look) if mode == Mode.REPLACE else _append(existing, look)


def lock_uploads(owner: User) -> None:
    """Let one request at a time change a person's uploads, so that limits and comparisons hold."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)


def _create(owner: User, existing: Instrument | None, look: Look) -> tuple[Instrument, int]:
    if existing is not None:
        raise RequestRefused(
            f"You have {look.symbol} already. Choose another name, or the mode replace or append.",
            code="name_taken",
            field="name",
        )
    if Instrument.objects.filter(owner=owner).count() >= MAX_UPLOADS:
        raise RequestRefused(
            f"You have {MAX_UPLOADS} uploads, the most there can be. Delete one first.", code="too_many"
        )
    made = Instrument.objects.create(
        owner=owner,
        source=Instrument.Source.UPLOAD,
        symbol=look.symbol,
        calendar=look.reading.calendar,
        calendar_guessed=look.reading.calendar_guessed,
        currency=look.currency,
    )
    ingest.store(made, _whole(look))
    return made, look.rows


def _whole(look: Look) -> History:
    return History(look.reading.bars, look.reading.actions)


def _replace(instrument: Instrument, look: Look) -> tuple[Instrument, int]:
    before = (instrument.calendar, instrument.currency)
    instrument.calendar, instrument.currency = after = (look.reading.calendar, look.currency)
    instrument.calendar_guessed = look.reading.calendar_guessed
    instrument.save(update_fields=["calendar", "calendar_guessed", "currency"])
    done = ingest.store(instrument, _whole(look), reason=Restatement.Reason.REPLACED)
    if (done.written or before != after) and not done.restated:
        _revise(instrument, look)
    return instrument, look.rows


def _revise(instrument: Instrument, look: Look) -> None:
    """Count a change of calendar, currency or volumes alone as a revision: forecasts are made anew then."""
    instrument.data_revision += 1
    instrument.save(update_fields=["data_revision"])
    Restatement.objects.create(
        instrument=instrument,
        revision=instrument.data_revision,
        reason=Restatement.Reason.REPLACED,
        first_session=look.first_session,
        last_session=look.last_session,
        sessions=0,
    )


def _append(instrument: Instrument, look: Look) -> tuple[Instrument, int]:
    newer = _part_to_append(instrument, look)
    ingest.store(instrument, newer)
    return instrument, len(newer.bars)


def _part_to_append(instrument: Instrument, look: Look) -> History:
    said = instrument.calendar if look.reading.calendar_guessed else look.reading.calendar
    if (said, look.currency) != (instrument.calendar, instrument.currency):
        raise RequestRefused(
            f"Cannot append: {instrument.symbol} has the calendar {instrument.calendar} and the currency "
            f"{instrument.currency or '(none)'}, and keeps them. Leave them out, or replace the history.",
            code="not_appended",
            field="mode",
        )
    return newer_part(instrument, look.reading)


# Deleting -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attached:
    """What goes with an upload: how many forecasts, and on how many watchlists it is."""

    forecasts: int
    watchlists: int


def attached_to(instrument: Instrument) -> Attached:
    asked = instrument.forecasts.exclude(requests=None).distinct().count()
    return Attached(asked, WatchlistEntry.objects.filter(instrument=instrument).count())


def delete_upload(*, owner: User, symbol: str) -> None:
    """Delete a history of one's own, and its forecasts and places on watchlists with it."""
    with transaction.atomic():
        lock_uploads(owner)
        found = own_upload(owner, symbol)
        if found is None:
            raise RequestRefused(
                f"You have no upload called {symbol}.", code="unknown_symbol", field="symbol"
            )
        # Under its lock, or a forecast of it could be asked for while it goes.
        Instrument.objects.select_for_update().get(pk=found.pk).delete()
