import numpy as np
import torch
from numpy.testing import assert_array_equal

from ml_engine.windows import ANCHOR_LENGTH, ANCHOR_STRIDE, Dropout, Windows, anchored_windows


def counted(rows: int, first: int = 0) -> np.ndarray:
    """One column (row, 1) that counts rows from `first`."""
    return np.arange(first, first + rows, dtype=np.float32)[:, None]


def make_windows(*series: np.ndarray, batch: int = 3) -> Windows:
    """Windows over series of features whose targets repeat them."""
    return Windows(series, [one.copy() for one in series], window=28, burn_in=10, batch=batch)


def test_every_row_after_the_burn_in_is_scored_once() -> None:
    windows = make_windows(counted(100), counted(64, 1000))

    scored = torch.cat([targets.flatten() for _, targets in windows.batches()])

    assert set(scored.tolist()) == {*range(10, 100), *range(1010, 1064)}
    assert len(scored) == 90 + 54


def test_windows_never_mix_series() -> None:
    windows = make_windows(counted(100), counted(64, 1000))

    for features, targets in windows.batches(np.random.default_rng(0)):
        assert (features[:, 1:] - features[:, :-1] == 1).all()
        assert (features[:, 10:, 0] == targets[:, :, 0]).all()


def test_windows_without_a_target_and_short_series_are_left_out() -> None:
    features = [counted(100), counted(20), counted(28)]
    targets = [np.full_like(features[0], np.nan), *features[1:]]

    windows = Windows(features, targets, window=28, burn_in=10, batch=3)

    assert len(windows) == 1
    assert [features.shape for features, _ in windows.batches()] == [(1, 28, 1)]


def test_nothing_to_score() -> None:
    windows = make_windows(counted(20))

    assert list(windows.batches()) == []


def test_epochs_differ_and_the_same_seed_repeats_them() -> None:
    windows = make_windows(counted(300), batch=100)

    first, again, other = (next(windows.batches(np.random.default_rng(seed)))[0] for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other[: len(first)])


def test_dropout_hides_columns_for_whole_windows() -> None:
    features = np.ones((4000, 3), dtype=np.float32)
    windows = Windows([features], [features.copy()], window=20, burn_in=10, batch=1000)
    dropout = Dropout(windows, single=0.25, together=(1, 2), group=0.5)

    kept = next(dropout.batches(np.random.default_rng(0)))[0]

    assert len(dropout) == len(windows)
    assert (kept == kept[:, :1]).all()
    assert abs((kept[:, 0, 0] > 0).float().mean() - 0.75) < 0.06
    assert abs((kept[:, 0, 1] > 0).float().mean() - 0.375) < 0.06
    assert kept.max() == 1 / 0.75
    assert torch.equal(next(dropout.batches())[0], next(windows.batches())[0])


def test_anchored_windows_hold_each_row_after_the_same_past() -> None:
    features = np.arange(2000.0)[:, None]
    rows = np.array([3, 250, 319, 320, 511, 512, 1999])

    windows, window, inside = anchored_windows(features, rows)

    assert [windows[place][0, row, 0] for place, row in zip(window, inside, strict=True)] == rows.tolist()
    assert {one.shape for one in windows} == {(1, ANCHOR_LENGTH, 1)}
    starts = np.array([windows[place][0, 0, 0] for place in window])
    by_hand = [0, 0, 0, 128, 128, 128, 1728]  # (row // 320 + 1) · 320 - 512, at least 0
    assert_array_equal(starts, by_hand)
    assert (rows[3:] - starts[3:] >= ANCHOR_LENGTH - ANCHOR_STRIDE).all()


def test_beyond_the_history_windows_are_zero() -> None:
    windows, _, inside = anchored_windows(np.ones((700, 2)), np.array([650]))

    assert len(windows) == 1
    assert windows[0][0, :, 0].tolist() == [1.0] * (700 - 448) + [0.0] * (512 - 252)
    assert inside.tolist() == [650 - 448]


def test_a_row_is_anchored_alike_alone_and_in_company() -> None:
    features = np.arange(1000.0)[:, None]

    alone, _, inside = anchored_windows(features, np.array([640]))
    many, window, places = anchored_windows(features, np.arange(249, 1000))

    assert places[640 - 249] == inside[0]
    assert torch.equal(many[window[640 - 249]], alone[0])
