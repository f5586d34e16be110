"""Bells for prices: rung once until they are answered, in the queue that suits who waits."""

from typing import Any

import pytest
from django.utils import timezone

from forecasts import bell


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(
        "forecasts.bell.app.send_task",
        lambda step, args, queue, **_: messages.append((step, *args, queue)),
    )
    return messages


def test_a_bell_is_rung_once_until_it_is_answered(sent: list[Any]) -> None:
    assert [bell.ring_for_prices(7), bell.ring_for_prices(7)] == [True, True]
    bell.answered_for_prices(7)
    bell.ring_for_prices(7)

    assert sent == [("forecasts.refresh", 7, "io")] * 2


def test_who_waits_does_not_wait_behind_those_for_whom_nobody_does(sent: list[Any]) -> None:
    bell.ring_for_prices(7, waited_for=False)
    bell.ring_for_prices(7)

    assert sent == [("forecasts.refresh_in_background", 7, "prices"), ("forecasts.refresh", 7, "io")]
    assert bell.rung_in_background([6, 7]) == {7}


def test_since_when_somebody_waits_is_known(sent: list[Any]) -> None:
    before = timezone.now()
    bell.ring_for_prices(7)

    asked_at = bell.rung_for_prices(7)
    assert asked_at is not None
    assert before <= asked_at <= timezone.now()
    assert bell.rung_for_prices(8) is None


def test_a_broker_that_is_down_leaves_the_bell_to_be_rung_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(bell.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

    assert not bell.ring_for_prices(7)
    assert bell.rung_for_prices(7) is None


def test_deliveries_wait_for_a_broker_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(bell.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

    bell.ring_for_deliveries()
