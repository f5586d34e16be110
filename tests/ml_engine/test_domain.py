"""What a model has learned from, and whether an instrument is of that sort."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml_engine.cards import Card
from ml_engine.domain import covers, domain_of, regime_of, volatility_of
from ml_engine.forecaster import vintages

STOCK = {"kind": "equity", "exchange": "XNYS", "volatility": 0.02}
DOMAIN = {"kinds": ["equity", "etf"], "exchanges": ["XNYS"], "volatility": [0.006, 0.08]}


def history(returns: np.ndarray) -> pd.DataFrame:
    close = 50 * np.exp(np.cumsum(returns))
    days = pd.bdate_range("2000-01-03", periods=len(close), name="date")
    bars = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), close), index=days)
    return bars.assign(volume=1e6)


def test_domain_of_holds_nearly_all_the_volatility_that_can_be_learned_from() -> None:
    rng = np.random.default_rng(3)
    histories = [history(rng.normal(0, spread, 800)) for spread in (0.01, 0.02, 0.04)]

    domain = domain_of(histories, ["equity"], ["XTKS"])

    seen = np.concatenate([volatility_of(bars)[249:] for bars in histories])
    low, high = domain["volatility"]
    assert (domain["kinds"], domain["exchanges"]) == (["equity"], ["XTKS"])
    assert ((seen >= low) & (seen <= high)).mean() == pytest.approx(0.99, abs=0.002)
    assert [low, high] == np.quantile(seen, (0.005, 0.995)).round(6).tolist()


def test_domain_of_does_not_look_at_rows_before_the_first_forecast() -> None:
    rng = np.random.default_rng(3)
    calm = rng.normal(0, 0.01, 2000)
    wild = np.concatenate([rng.normal(0, 0.3, 100), calm])

    low, high = domain_of([history(wild)])["volatility"]

    assert 0.005 < low < high < 0.02


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "crypto"},
        {"kind": "fx"},
        {"exchange": "XTKS"},
        {"exchange": "24/7"},
        {"volatility": 0.0801},
        {"volatility": 0.0059},
        {"volatility": float("nan")},
    ],
)
def test_a_domain_covers_what_was_learned_from_and_nothing_else(other: dict[str, object]) -> None:
    assert covers(DOMAIN, **STOCK)
    assert not covers(DOMAIN, **STOCK | other)


def test_a_card_without_a_domain_covers_nothing() -> None:
    assert not covers(None, **STOCK)


def test_every_shipped_card_names_its_domain() -> None:
    for card in vintages():
        assert covers(card.domain, **STOCK)
        assert not covers(card.domain, **STOCK | {"kind": "crypto"})
        assert not covers(card.domain, **STOCK | {"volatility": 0.15})


def test_a_card_keeps_its_domain_and_older_ones_do_without() -> None:
    card = replace(vintages()[0], domain=DOMAIN, trained_until=date(2007, 12, 31))
    written = card.to_json()

    assert Card.from_json(written) == card
    del written["domain"]
    assert Card.from_json(written) == replace(card, domain=None)


@pytest.mark.parametrize(("last", "regime"), [(0.1, "calm"), (0.5, "normal"), (0.9, "wild")])
def test_regime_of_is_the_third_of_the_own_past(last: float, regime: str) -> None:
    past = np.random.default_rng(0).permutation(np.linspace(0, 1, 400))

    assert regime_of(np.append(past, last)) == regime


def test_regime_of_looks_back_a_thousand_sessions() -> None:
    past = np.concatenate([np.full(5000, 9.0), np.linspace(0, 1, 1000)])

    assert regime_of(np.append(past, 0.9)) == "wild"


def test_regime_of_a_short_past_says_nothing_and_of_a_standstill_normal() -> None:
    assert regime_of(np.linspace(0, 1, 250)) == ""
    assert regime_of(np.linspace(0, 1, 251)) == "wild"
    assert regime_of(np.full(300, 1e-5)) == "normal"
