"""Examples for the API's documentation."""

from drf_spectacular.utils import OpenApiExample

from forecasts.models import LEVELS

PRICES = [
    409.62, 413.89, 417.82, 421.63, 425.02, 426.18, 427.2, 429.01, 430.63, 432.25, 434.07, 435.1,
    436.28, 439.74, 443.68, 447.77, 452.31,
]  # fmt: skip
METRIC = {
    "method": "model",
    "step": 1,
    "origins": 250,
    "mse": 0.000353,
    "rmse": 0.0188,
    "mae": 0.0139,
    "mape": 0.0139,
    "mase": 1.02,
    "pinball": 0.00514,
    "crps": 0.01028,
    "coverage_50": 0.512,
    "coverage_80": 0.808,
    "coverage_90": 0.9,
    "coverage_95": 0.944,
    "width_50": 0.0252,
    "width_80": 0.0479,
    "width_90": 0.0615,
    "width_95": 0.0733,
    "pit": [24, 26, 25, 27, 24, 25, 23, 26, 25, 25],
    "brier": 0.172,
    "direction_accuracy": 0.504,
    "up_rate": 0.496,
}

QUESTION = OpenApiExample(
    "The next twenty sessions of sample data",
    value={"symbol": "SAMPLE:AAPL", "horizon": 20, "method": "house", "as_of": None},
    request_only=True,
)
FORECAST = OpenApiExample(
    "One session ahead",
    value={
        "id": "0f8b2c1e-5a44-4c57-9d0a-3f1f6a7f2b11",
        "symbol": "SAMPLE:AAPL",
        "name": "Apple Inc.",
        "currency": "USD",
        "method": "house",
        "horizon": 1,
        "as_of": "2013-03-01",
        "data_as_of": "2013-03-01",
        "origin": "asked",
        "status": "succeeded",
        "stage": "storing",
        "progress": 1.0,
        "error": None,
        "created_at": "2026-01-05T12:00:00Z",
        "started_at": "2026-01-05T12:00:00.100000Z",
        "finished_at": "2026-01-05T12:00:01.400000Z",
        "last_close": 430.47,
        "levels": list(LEVELS),
        "points": [{"step": 1, "date": "2013-03-04", "quantiles": PRICES, "median": 430.63, "actual": None}],
        "naive_points": [
            {"step": 1, "date": "2013-03-04", "quantiles": PRICES, "median": 430.63, "actual": None}
        ],
        "shown": "model",
        "trust": "no_demonstrated_skill",
        "verdict": "No better than a volatility cone, as far as 250 past origins can tell.",
        "issued_trust": "no_demonstrated_skill",
        "in_sample": False,
        "in_domain": True,
        "ledger_entry": 17,
        "calibration": None,
        "evaluation": {
            "from": "2012-02-01",
            "to": "2013-01-31",
            "origins": 250,
            "metrics": [METRIC],
            "skill": [{"step": 1, "reference": "random-walk", "crps_skill": 0.008, "p_value": 0.21}],
            "slow_baselines": "pending",
        },
        "model": {
            "name": "house",
            "version": "2",
            "sha256": "5d41402abc4b2a76b9719d911017c592ae1e6b0c7fba1d3ea7d2b1f4a3b8f2aa",
            "trained_until": "2007-12-31",
            "market": None,
            "loss_history": [],
        },
    },
    response_only=True,
)
