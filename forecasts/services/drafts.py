"""Uploaded files that wait for their owner to look at them, and to keep them or throw them away."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from django.db import transaction

from forecasts.errors import RequestRefused
from forecasts.market_data.upload import Options
from forecasts.models import UploadDraft
from forecasts.services.instruments import UPLOAD_PREFIX
from forecasts.services.reading import look_into, settle_options, upload_symbol
from forecasts.services.uploads import keep_upload, lock_uploads

if TYPE_CHECKING:
    from accounts.models import User
    from forecasts.models import Instrument
    from forecasts.services.reading import Look
    from forecasts.services.uploads import Mode

MAX_DRAFTS = 3
FILENAME_LENGTH = 200


def start_draft(*, owner: User, name: str, filename: str, content: bytes, options: Options) -> UploadDraft:
    """Put a file aside for its owner to look at; with more than three of them the oldest goes.

    Raises RequestRefused for a file that cannot be read, unless one of the options would settle that.
    """
    filename = filename[:FILENAME_LENGTH]
    try:
        look_into(owner=owner, name=name, content=content, filename=filename, options=options)
    except RequestRefused as refusal:
        if refusal.code != "unreadable" or refusal.field == "file":
            raise
    with transaction.atomic():
        lock_uploads(owner)
        draft = UploadDraft.objects.create(
            owner=owner,
            name=_short(name),
            filename=filename,
            content=content,
            options=_as_json(options),
        )
        newest = UploadDraft.objects.filter(owner=owner).order_by("-created_at", "-pk")
        kept = list(newest.values_list("pk", flat=True)[:MAX_DRAFTS])
        UploadDraft.objects.filter(owner=owner).exclude(pk__in=kept).delete()
    return draft


def _short(name: str) -> str:
    return upload_symbol(name).removeprefix(UPLOAD_PREFIX)


def _as_json(options: Options) -> dict[str, str | None]:
    said = asdict(options)
    del said["skip_bad_rows"]  # that is decided when it is kept
    return said


def change_draft(*, draft: UploadDraft, name: str, options: Options) -> None:
    """Give a draft another name, or have it read in another way."""
    settle_options(owner=draft.owner, symbol=upload_symbol(name), options=options)
    changed = UploadDraft.objects.filter(pk=draft.pk).update(name=_short(name), options=_as_json(options))
    if not changed:
        raise _gone(draft)


def _gone(draft: UploadDraft) -> RequestRefused:
    return RequestRefused(
        f"The file {draft.filename} has been kept or thrown away already. Upload it again.", code="draft_gone"
    )


def look_at_draft(*, draft: UploadDraft, skip_bad_rows: bool = False) -> Look:
    """Read a draft as its owner has said; raises RequestRefused as `look_into` does."""
    options = Options(**draft.options, skip_bad_rows=skip_bad_rows)
    return look_into(
        owner=draft.owner,
        name=draft.name,
        content=_content(draft),
        filename=draft.filename,
        options=options,
    )


def _content(draft: UploadDraft) -> bytes:
    """Return the file as it came; it is large, so drafts are listed and found without it."""
    content = UploadDraft.objects.filter(pk=draft.pk).values_list("content", flat=True).first()
    if content is None:
        raise _gone(draft)
    return bytes(content)


def keep_draft(*, draft: UploadDraft, mode: Mode, skip_bad_rows: bool) -> tuple[Instrument, int]:
    """Keep a draft as `keep_upload` does; the draft goes with that, and stays where it is refused."""
    look = look_at_draft(draft=draft, skip_bad_rows=skip_bad_rows)
    with transaction.atomic():
        lock_uploads(draft.owner)  # first, as whoever puts another file aside does
        taken, _ = UploadDraft.objects.filter(pk=draft.pk).delete()
        if not taken:
            raise _gone(draft)
        return keep_upload(owner=draft.owner, look=look, mode=mode)


def discard_draft(*, draft: UploadDraft) -> None:
    UploadDraft.objects.filter(pk=draft.pk).delete()
