"""The shipped models: one for each year up to which it has seen the market."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from ml_engine import artifacts
from ml_engine.cards import Card
from ml_engine.errors import NoVintage

FOLDER = Path(__file__).parent / "house_model"


def vintages(folder: Path = FOLDER) -> tuple[Card, ...]:
    """Cards of the shipped models, oldest first."""
    return tuple(card for _, card in _shipped(folder))


def choose_vintage(known_at: date | None, folder: Path = FOLDER) -> Path:
    """Folder of the newest model that ended at least 60 sessions before `known_at`; of the newest without it.

    Raises `NoVintage`.
    """
    shipped = _shipped(folder)
    fair = [path for path, card in shipped if known_at is None or card.fair_from <= as_date(known_at)]
    if not fair:
        earliest = f" The earliest can be judged from {shipped[0][1].fair_from}." if shipped else ""
        raise NoVintage(
            f"No shipped model had ended its training 60 sessions before {known_at}.{earliest}",
            "Choose a later date, or train a model on the prices before it.",
        )
    return fair[-1]


@lru_cache(maxsize=8)
def _shipped(folder: Path) -> list[tuple[Path, Card]]:
    """Folder and card of each model, oldest first; read once in a process."""
    found = [(path.parent, artifacts.read_card(path.parent)) for path in folder.glob(f"*/{artifacts.CARD}")]
    return sorted(found, key=lambda one: one[1].trained_until)


def as_date(moment: date) -> date:
    """`moment` without its time of day: a pandas Timestamp is a date too, but compares with none."""
    return date(moment.year, moment.month, moment.day)
