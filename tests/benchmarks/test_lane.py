"""The simulated lane, and that the book which judges it notices what it must."""

import pytest

from benchmarks.lane import SHORTEST, TURN, Book, Event, simulate

SECOND = 1_000_000


def book_of(*happened: tuple[int, int, str]) -> Book:
    """Return the book of events (at, worker, kind) at one request a second."""
    book = Book(interval=SECOND)
    for at, worker, kind in happened:
        book.enter(Event(at, worker, kind, 0))
    return book


@pytest.mark.parametrize(
    "happened",
    [
        [(0, 1, "go"), (1, 1, "answered"), (SECOND, 2, "go")],
        [(0, 1, "go"), (1, 1, "refused"), (SHORTEST + 1, 2, "go")],
        [(0, 1, "go"), (TURN, 2, "go")],
    ],
)
def test_the_book_finds_nothing_wrong_with_a_lane_that_keeps_the_rules(
    happened: list[tuple[int, int, str]],
) -> None:
    assert book_of(*happened).broken == []


@pytest.mark.parametrize(
    ("happened", "broken"),
    [
        (
            [(0, 1, "go"), (1, 1, "answered"), (SECOND - 1, 2, "go")],
            "999999: too soon after 0",
        ),
        (
            [(0, 1, "go"), (1, 1, "refused"), (SHORTEST, 2, "go")],
            "30000000: paused until 30000001",
        ),
        (
            [(0, 1, "go"), (TURN - 1, 2, "go")],
            "19999999: a second one at a time",
        ),
    ],
)
def test_the_book_notices_a_lane_that_breaks_a_rule(
    happened: list[tuple[int, int, str]], broken: str
) -> None:
    assert book_of(*happened).broken == [broken]


def check(book: Book, rate: float) -> None:
    assert book.broken == []
    assert book.refusals > 0
    assert all(window.worst <= window.allowed(rate) for window in book.windows)
    assert book.windows[0].worst == window_at_full_use(rate)


def window_at_full_use(rate: float) -> int:
    """A second that no grant is missing from: the lane is slow enough, and no slower."""
    return max(1, int(rate))


@pytest.mark.parametrize("rate", [0.5, 1.0, 5.0])
def test_thousands_of_grants_never_break_a_rule(rate: float) -> None:
    book = simulate(3_000, rate)

    check(book, rate)
    assert book.grants == 3_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_million_grants_never_break_a_rule() -> None:
    book = simulate(1_000_000, 1.0)

    check(book, 1.0)
    assert book.pauses > 1_000
