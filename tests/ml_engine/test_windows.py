import numpy as np
import torch

from ml_engine.windows import ANCHOR_LENGTH, ANCHOR_STRIDE, Dropout, Series, Windows, anchored_windows


def make_series(rows: int, first: int = 0) -> Series:
    """Features count rows from `first`; targets repeat them."""
    counted = np.arange(first, first + rows, dtype=float)[:, None]
    return Series(counted, counted.copy())


def test_every_row_after_the_burn_in_is_scored_once() -> None:
    windows = Windows([make_series(100, 0), make_series(64, 1000)], window=28, burn_in=10, batch=3)

    scored = torch.cat([targets.flatten() for _, targets in windows.batches()])

    assert set(scored.tolist()) == {*range(10, 100), *range(1010, 1064)}
    assert len(scored) == 90 + 54


def test_windows_never_mix_series() -> None:
    windows = Windows([make_series(100, 0), make_series(64, 1000)], window=28, burn_in=10, batch=3)

    for features, targets in windows.batches(np.random.default_rng(0)):
        assert (features[:, 1:] - features[:, :-1] == 1).all()
        assert (features[:, 10:, 0] == targets[:, :, 0]).all()


def test_windows_without_a_target_and_short_series_are_left_out() -> None:
    silent = make_series(100)
    silent.targets[:] = np.nan

    windows = Windows([silent, make_series(20), make_series(28)], window=28, burn_in=10, batch=3)

    assert len(windows) == 1
    assert [features.shape for features, _ in windows.batches()] == [(1, 28, 1)]


def test_nothing_to_score() -> None:
    windows = Windows([make_series(20)], window=28, burn_in=10, batch=3)

    assert list(windows.batches()) == []


def test_epochs_differ_and_the_same_seed_repeats_them() -> None:
    windows = Windows([make_series(300)], window=28, burn_in=10, batch=100)

    first, again, other = (next(windows.batches(np.random.default_rng(seed)))[0] for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other[: len(first)])


def test_dropout_hides_columns_for_whole_windows() -> None:
    features = np.ones((4000, 3))
    windows = Windows([Series(features, features.copy())], window=20, burn_in=10, batch=1000)
    dropout = Dropout(windows, single=0.25, together=(1, 2), group=0.5)

    kept = next(dropout.batches(np.random.default_rng(0)))[0]

    assert len(dropout) == len(windows)
    assert (kept == kept[:, :1]).all()
    assert abs((kept[:, 0, 0] > 0).float().mean() - 0.75) < 0.06
    assert abs((kept[:, 0, 1] > 0).float().mean() - 0.375) < 0.06
    assert kept.max() == 1 / 0.75
    assert torch.equal(next(dropout.batches())[0], next(windows.batches())[0])


def test_anchored_windows_hold_each_row_after_the_same_past() -> None:
    features = np.arange(1000.0)[:, None]
    rows = np.array([3, 250, 255, 256, 999])

    windows, window, inside = anchored_windows(features, rows)

    assert windows[window, inside, 0].tolist() == rows.tolist()
    starts = windows[window, 0, 0].numpy()
    assert (starts % ANCHOR_STRIDE == 0).all()
    assert (rows[1:] - starts[1:] >= ANCHOR_LENGTH - ANCHOR_STRIDE).all()
    assert (rows - starts < ANCHOR_LENGTH).all()


def test_a_row_is_anchored_alike_alone_and_in_company() -> None:
    features = np.arange(1000.0)[:, None]

    alone, _, inside = anchored_windows(features, np.array([640]))
    many, window, places = anchored_windows(features, np.arange(249, 1000))

    assert places[640 - 249] == inside[0]
    assert torch.equal(many[window[640 - 249], : inside[0] + 1], alone[0, : inside[0] + 1])
