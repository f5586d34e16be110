"""How a model is built and trained: one frozen dataclass, saved as JSON beside the weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; lengths count sessions, shares are of the time span."""

    hidden: int = 32  # units of the LSTM
    epochs: int = 3
    batch: int = 64  # windows per step
    window: int = 256  # rows per window
    burn_in: int = 60  # first rows of a window, not scored: the LSTM's state is still filling
    first_origin: int = 249  # rows of a history before the first scored origin
    learning_rate: float = 3e-3  # peak of the one-cycle schedule
    weight_decay: float = 1e-4
    feature_dropout: float = 0.1  # share of each window's features that are hidden from the network
    market_dropout: float = 0.4  # share of windows that train without the market's features
    embargo: int = 60  # sessions between two blocks of time; at least the longest horizon
    calibration_share: float = 0.2  # of the time, last: conformal correction, early stopping
    folds: int = 0  # blocks of time that calibrate in turn, in place of the last; 0: none
    patience: int | None = None  # epochs without improvement before going back to the best; None: never
    seed: int = 7

    @classmethod
    def for_house(cls) -> TrainingConfig:
        """The house model, from a panel of many stocks."""
        return cls(folds=3)

    @classmethod
    def for_one_instrument(cls) -> TrainingConfig:
        """A smaller network and more epochs, for one history of at least 750 rows."""
        return cls(
            hidden=16,
            epochs=16,
            batch=16,
            first_origin=125,
            learning_rate=1e-2,
            market_dropout=0.0,
            patience=4,
        )
