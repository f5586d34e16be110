from collections.abc import Iterator
from datetime import date
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from forecasts.models import HouseModel
from ml_engine.config import TrainingConfig
from tests.forecasts.house_models import SMALL, kept, listed

pytestmark = pytest.mark.django_db
Status = HouseModel.Status


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasts.heartbeat.LOOK_SECONDS", 3600)
    monkeypatch.setattr(TrainingConfig, "for_house", classmethod(lambda _: SMALL))
    monkeypatch.setattr("forecasts.pipeline.training_data.FEWEST_INSTRUMENTS", 2)
    monkeypatch.setattr("forecasts.pipeline.training_data.FEWEST_ROWS", 1500)


@pytest.fixture
def january() -> Iterator[None]:
    with time_machine.travel("2013-01-20T12:00:00Z", tick=False):
        yield


def run(*words: str) -> str:
    out = StringIO()
    call_command("retrain_house_model", *words, stdout=out)
    return out.getvalue()


def test_it_trains_up_to_the_end_of_last_month(january: None) -> None:
    listed("AAA", seed=1)
    listed("BBB", seed=2)

    said = run()

    row = HouseModel.objects.challenger()
    assert row is not None
    assert row.trained_until == date(2012, 12, 31)
    assert said == f"{row.sha256} forecasts in the shadow from now on.\n"


def test_a_model_that_failed_its_self_test_is_an_error(
    january: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed("AAA", seed=1)
    listed("BBB", seed=2)
    monkeypatch.setattr("ml_engine.forecaster.run_self_test", lambda *_: {"passed": False})

    with pytest.raises(CommandError, match="failed its leak self-test"):
        run()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Import a panel of stocks"),
        (["--panel", "nowhere.csv"], r"There is no file nowhere\.csv"),
        (["--until", "2100-01-01"], "not over yet"),
        (["--rollback"], "No model trained here answers"),
        (["--rollback", "--status"], "not allowed with"),
    ],
)
def test_it_says_what_is_wrong(words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*words)


def test_a_rollback_says_who_answers_now() -> None:
    kept(date(2012, 1, 31), Status.CHAMPION)

    assert "trained until 2012-01-31 is retired; the shipped models answer again." in run("--rollback")


def test_the_status_names_every_model() -> None:
    assert run("--status") == "The shipped models answer for the house.\n"
    row = kept(date(2012, 1, 31), Status.CHAMPION, note="Better.")
    HouseModel.objects.create(status=Status.REJECTED, trained_until=date(2012, 2, 29), note="Killed.")

    lines = run("--status").splitlines()

    assert len(lines) == 2
    assert f"champion {row.sha256[:12]} until 2012-01-31. Better." in lines[0]
    assert lines[1].endswith("until 2012-02-29. Killed.")
