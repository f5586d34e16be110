import pandas as pd
import pytest

from ml_engine.backtesting import Backtest, PooledSkill, judge

DAY = pd.Timestamp("2012-01-03")


def evidence(skill: float, p_value: float | None, origins: int = 250) -> Backtest:
    pooled = PooledSkill("house", "random-walk", origins, skill, p_value)
    return Backtest(DAY, DAY, origins, (), (), (pooled,))


@pytest.mark.parametrize(
    ("skill", "p_value", "trust"),
    [
        (0.03, 0.01, "sharper"),
        (0.03, 0.05, "no_demonstrated_skill"),
        (0.03, 0.40, "no_demonstrated_skill"),
        (-0.03, 0.40, "no_demonstrated_skill"),
        (-0.03, 0.01, "worse_than_naive"),
        (0.03, None, "no_demonstrated_skill"),
    ],
)
def test_trust_needs_significance(skill: float, p_value: float | None, trust: str) -> None:
    assert judge(evidence(skill, p_value), "house", in_sample=False).trust == trust


def test_verdict_is_a_sentence_with_numbers() -> None:
    judgement = judge(evidence(0.031, 0.012), "house", in_sample=False)

    assert judgement.verdict == (
        "Sharper than a simple volatility cone: over 250 past forecasts its error (CRPS) was 3.1 % lower "
        "than that of a simple volatility cone (p = 0.01)."
    )


def test_in_sample_can_claim_nothing() -> None:
    judgement = judge(evidence(0.3, 0.0001), "house", in_sample=True)

    assert judgement.trust == "no_demonstrated_skill"
    assert "had seen these years" in judgement.verdict


def test_too_few_origins() -> None:
    judgement = judge(evidence(0.3, 0.0001, origins=99), "house", in_sample=False)

    assert judgement.trust == "no_demonstrated_skill"
    assert "Only 99" in judgement.verdict


def test_a_method_that_was_not_evaluated() -> None:
    assert judge(evidence(0.3, 0.01), "other", in_sample=False).trust == "no_demonstrated_skill"
