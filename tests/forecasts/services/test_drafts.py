from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from forecasts import services, sweeper
from forecasts.errors import RequestRefused
from forecasts.market_data.upload import Options
from forecasts.models import Instrument, UploadDraft
from forecasts.services import Mode
from tests.forecasts.price_files import price_line, price_sheet, sheet_of

# Weekdays in rising order, whether the day or the month comes first.
AMBIGUOUS = sheet_of(price_line(day, 10) for day in ("04/03/2013", "05/06/2013", "07/08/2013"))


def put_aside(owner: User, name: str = "FUND", content: bytes = b"") -> UploadDraft:
    return services.start_draft(
        owner=owner, name=name, filename="fund.csv", content=content or price_sheet(), options=Options()
    )


def test_a_draft_is_kept_as_it_was_looked_at(user: User) -> None:
    draft = put_aside(user)

    look = services.look_at_draft(draft=draft)
    made, written = services.keep_draft(draft=draft, mode=Mode.CREATE, skip_bad_rows=False)

    assert (look.rows, written, made.bars.count()) == (30, 30, 30)
    assert not UploadDraft.objects.exists()


def test_what_cannot_be_read_is_not_put_aside(user: User) -> None:
    with pytest.raises(RequestRefused) as refused:
        put_aside(user, content=b"\x00\x01\x02 rubbish")

    assert (refused.value.code, refused.value.field) == ("unreadable", "file")
    assert not UploadDraft.objects.exists()


def test_what_its_owner_can_settle_is_put_aside(user: User) -> None:
    draft = put_aside(user, content=AMBIGUOUS)
    with pytest.raises(RequestRefused) as refused:
        services.look_at_draft(draft=draft)

    services.change_draft(draft=draft, name="FUND", options=Options(date_order="dmy"))
    draft.refresh_from_db()

    assert refused.value.field == "date_order"
    assert services.look_at_draft(draft=draft).reading.date_order == "dmy"


def test_of_four_drafts_the_oldest_goes(user: User, other: User) -> None:
    theirs = put_aside(other)
    _oldest, *others = [put_aside(user, f"FUND-{number}") for number in range(4)]

    assert set(UploadDraft.objects.for_user(user)) == set(others)
    assert UploadDraft.objects.get(owner=other) == theirs


def test_a_draft_expires_and_is_swept(user: User) -> None:
    old, new = put_aside(user, "OLD"), put_aside(user, "NEW")
    UploadDraft.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1))

    listed = list(UploadDraft.objects.for_user(user))
    sweeper.sweep()

    assert listed == [new]
    assert UploadDraft.objects.get() == new


def test_a_draft_is_kept_once(user: User) -> None:
    draft = put_aside(user)
    services.keep_draft(draft=draft, mode=Mode.CREATE, skip_bad_rows=False)

    with pytest.raises(RequestRefused, match="has been kept or thrown away already"):
        services.keep_draft(draft=draft, mode=Mode.REPLACE, skip_bad_rows=False)

    assert Instrument.objects.get().data_revision == 1


def test_a_draft_stays_where_keeping_it_is_refused(user: User) -> None:
    draft = put_aside(user)

    with pytest.raises(RequestRefused, match="no upload called"):
        services.keep_draft(draft=draft, mode=Mode.APPEND, skip_bad_rows=False)

    assert UploadDraft.objects.get() == draft


def test_a_draft_that_is_gone_cannot_be_changed(user: User) -> None:
    draft = put_aside(user)
    services.discard_draft(draft=draft)

    with pytest.raises(RequestRefused, match="thrown away already"):
        services.change_draft(draft=draft, name="OTHER", options=Options())


def test_drafts_go_with_their_owner(user: User) -> None:
    put_aside(user)

    user.delete()

    assert not UploadDraft.objects.exists()
