"""Who answers for the house: each change of status happens once, and can be undone."""

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from forecasts import vintages
from forecasts.models import TRAINING_LEASE, HouseModel

pytestmark = pytest.mark.django_db
Status = HouseModel.Status
UNTIL = date(2026, 10, 31)


def a_model(status: str, sha256: str = "c" * 64) -> HouseModel:
    return HouseModel.objects.create(status=status, sha256=sha256, trained_until=UNTIL, card={}, weights=b"w")


def status_of(row: HouseModel) -> str:
    return HouseModel.objects.get(pk=row.pk).status


def begun() -> HouseModel:
    row = HouseModel.objects.begin(UNTIL)
    assert row is not None
    return row


def promoted(sha256: str) -> HouseModel:
    row = a_model(Status.CHALLENGER, sha256)
    assert HouseModel.objects.promote(row, "better")
    return row


def test_there_is_one_place_in_training() -> None:
    begun()

    assert HouseModel.objects.begin(UNTIL) is None


def test_the_place_of_a_killed_training_is_free_when_its_lease_has_run_out() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        killed = begun()
        clock.shift(TRAINING_LEASE + timedelta(seconds=1))

        assert HouseModel.objects.begin(UNTIL) is not None

    killed.refresh_from_db()
    assert (killed.status, killed.note) == (Status.REJECTED, "Its training was killed.")


def test_a_renewed_training_keeps_its_place() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        row = begun()
        clock.shift(TRAINING_LEASE - timedelta(seconds=1))
        assert HouseModel.objects.renew(row)
        clock.shift(TRAINING_LEASE - timedelta(seconds=1))

        assert HouseModel.objects.begin(UNTIL) is None


def test_a_training_that_was_taken_for_dead_enters_nothing() -> None:
    row = begun()
    HouseModel.objects.reject(row, "killed")

    assert not HouseModel.objects.renew(row)
    assert not HouseModel.objects.enter(row, sha256="d" * 64, card={}, weights=b"w")
    assert HouseModel.objects.challenger() is None


def test_a_new_challenger_takes_the_place_of_an_unproven_one() -> None:
    earlier, row = a_model(Status.CHALLENGER), begun()

    assert HouseModel.objects.enter(row, sha256="d" * 64, card={}, weights=b"w")

    assert status_of(earlier) == Status.REJECTED
    assert HouseModel.objects.challenger() == row


def test_a_promoted_challenger_retires_the_champion() -> None:
    first = promoted("1" * 64)
    second = promoted("2" * 64)

    assert HouseModel.objects.champion() == second
    assert status_of(first) == Status.RETIRED


def test_a_challenger_is_promoted_once() -> None:
    row = a_model(Status.CHALLENGER)
    assert HouseModel.objects.promote(row, "better")

    assert not HouseModel.objects.promote(row, "again")
    assert HouseModel.objects.champion() == row
    assert HouseModel.objects.get().note == "better"


def test_a_rejected_challenger_is_not_promoted() -> None:
    champion, row = promoted("1" * 64), a_model(Status.CHALLENGER)
    assert HouseModel.objects.reject(row, "worse")

    assert not HouseModel.objects.promote(row, "better")
    assert HouseModel.objects.champion() == champion


def test_without_a_champion_nothing_is_rolled_back() -> None:
    a_model(Status.CHALLENGER)

    assert HouseModel.objects.roll_back() is None


def test_rolling_back_goes_one_champion_back_each_time_and_then_to_the_shipped_models() -> None:
    first, second = promoted("1" * 64), promoted("2" * 64)

    assert HouseModel.objects.roll_back() == (second, first)
    assert HouseModel.objects.champion() == first
    assert HouseModel.objects.roll_back() == (first, None)
    assert HouseModel.objects.champion() is None


def test_what_was_rolled_back_does_not_come_back() -> None:
    first = promoted("1" * 64)
    promoted("2" * 64)
    HouseModel.objects.roll_back()
    third = promoted("3" * 64)

    assert HouseModel.objects.roll_back() == (third, first)


def test_a_release_is_another_one_after_a_promotion_and_the_same_after_a_rollback() -> None:
    shipped = HouseModel.objects.release_hash()
    a_model(Status.CHALLENGER, "0" * 64)
    assert HouseModel.objects.release_hash() == shipped == vintages.release_hash()
    HouseModel.objects.all().delete()

    promoted("1" * 64)
    one = HouseModel.objects.release_hash()
    promoted("2" * 64)
    two = HouseModel.objects.release_hash()
    HouseModel.objects.roll_back()

    assert len({shipped, one, two}) == 3
    assert HouseModel.objects.release_hash() == one
