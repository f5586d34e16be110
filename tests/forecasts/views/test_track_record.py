"""The page of the track record and its charts: what they say, to whom, and from what."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from forecasts.models import Instrument, Score, TrackRecord
from forecasts.pipeline import update_records
from forecasts.services import STEP_GROUPS
from forecasts.views.record_report import sentence, tone
from ml_engine import record as engine
from ml_engine.tally import GROUP_ENDS
from tests.factories import InstrumentFactory
from tests.ml_engine.made_scores import make_scores
from tests.track_scores import write_scores

PAGE, CHART = "/track-record/", "/track-record/chart.json"


@pytest.fixture
def acme(db: None) -> Instrument:
    acme = InstrumentFactory(yahoo=True, symbol="ACME")
    write_scores(acme, make_scores(25))
    update_records()
    return acme


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_an_empty_site_says_so(signed_in: Client) -> None:
    page = text_of(signed_in, PAGE)

    assert "Nothing has been scored yet." in page
    assert "0 issued" in page
    assert "Do the bands hold" not in page


def test_the_page_shows_the_stored_figures(signed_in: Client, acme: Instrument) -> None:
    stored = TrackRecord.objects.get(instrument=None, method="").figures

    page = text_of(signed_in, PAGE)

    assert "There is too little to judge by: of 25 scored forecasts 25 have all" in page
    assert "500 ranges that could be checked, of 44 sessions" in page
    held = stored["groups"][0]["coverage"]
    for band in (50, 80, 90, 95):
        shares = f"{100 * held[f'held_{band}']:.1f} % {100 * held[f'naive_held_{band}']:.1f} %"
        assert f"{band} % {shares}" in page
    for row in stored["groups"][0]["months"]:
        assert f"{row['month']} {row['points']} {100 * row['held_50']:.1f} %" in page
    assert f"{stored['groups'][0]['median']['rmse_ratio']:.3f}" in page
    assert f"came in {100 * stored['groups'][0]['events'][1]['happened']:.1f} %" in page
    assert "Of 0 instruments with enough to test" in page


def test_a_horizon_shows_its_own_figures(signed_in: Client, acme: Instrument) -> None:
    page = text_of(signed_in, f"{PAGE}?symbol=acme&method=house&steps=6-10")

    assert "Track record of ACME" in page
    assert "125 outcomes" in page
    skill = page[page.index("bold where p is below") : page.index("The middle of the range")]
    steps = re.findall(r"(1, 5, 10, 20 pooled|\d+) 25 25", skill)
    assert steps == ["10", "1, 5, 10, 20 pooled"] * 2


def test_a_horizon_without_scores_says_so(signed_in: Client, acme: Instrument) -> None:
    assert "Nothing has been scored so many sessions ahead" in text_of(signed_in, f"{PAGE}?steps=41-60")


def test_a_known_instrument_without_scores_has_an_empty_record(signed_in: Client) -> None:
    InstrumentFactory(yahoo=True, symbol="NEW")

    assert "Nothing has been scored yet." in text_of(signed_in, f"{PAGE}?symbol=NEW")


def test_what_cannot_be_chosen_is_said_beside_its_field(signed_in: Client, acme: Instrument) -> None:
    upload = InstrumentFactory(upload=True, symbol="UPLOAD:SECRET")

    assert "There is no such method." in text_of(signed_in, f"{PAGE}?method=magic", 400)
    assert "There is no such group of sessions." in text_of(signed_in, f"{PAGE}?steps=7", 400)
    assert "NOSUCH is not known here yet" in text_of(signed_in, f"{PAGE}?symbol=NOSUCH", 404)
    assert "You have no upload called" in text_of(signed_in, f"{PAGE}?symbol={upload.symbol}", 404)
    for query in ("chart=none", "symbol=NOSUCH", f"symbol={upload.symbol}", "method=magic"):
        assert signed_in.get(f"{CHART}?{query}").status_code == 404


def test_an_upload_is_its_owners_alone(signed_in: Client, as_other: Client, user: User) -> None:
    upload = InstrumentFactory(upload=True, symbol="UPLOAD:MINE", owner=user)
    write_scores(upload, make_scores(3, horizon=5))
    update_records()

    assert "3 forecasts, made after" in text_of(signed_in, f"{PAGE}?symbol=UPLOAD:MINE")
    assert "Nothing has been scored yet." in text_of(signed_in, PAGE)
    assert as_other.get(f"{PAGE}?symbol=UPLOAD:MINE").status_code == 404


def test_a_stranger_signs_in_first(client: Client, acme: Instrument) -> None:
    assert client.get(PAGE)["Location"].startswith("/accounts/login/")
    assert client.get(CHART)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("chart", "traces"), [("coverage", 8), ("tenths", 2), ("reliability", 4), ("skill", 2)]
)
def test_charts(signed_in: Client, acme: Instrument, chart: str, traces: int) -> None:
    response = signed_in.get(f"{CHART}?chart={chart}&symbol=ACME&steps=all")

    figure = json.loads(response.content, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert len(figure["data"]) == traces


def test_charts_of_nothing_are_empty(signed_in: Client) -> None:
    drawn = [signed_in.get(f"{CHART}?chart={name}").json() for name in ("coverage", "tenths", "skill")]

    assert [figure["data"] for figure in drawn] == [[], [], []]


def test_tenths_are_shares(signed_in: Client, acme: Instrument) -> None:
    counts = TrackRecord.objects.get(instrument=None, method="").figures["groups"][0]["pit"]

    bars = signed_in.get(f"{CHART}?chart=tenths").json()["data"][0]

    assert bars["y"] == pytest.approx([100 * count / 500 for count in counts])


def test_the_page_reads_one_record_however_many_scores(
    signed_in: Client, acme: Instrument, queries: Callable[[Client, str], int]
) -> None:
    signed_in.get(PAGE)
    few = queries(signed_in, PAGE)
    write_scores(InstrumentFactory(yahoo=True), make_scores(4, horizon=5))
    update_records()
    Score.objects.all().delete()  # the page has no need of them

    assert queries(signed_in, PAGE) == few <= 4


def made(**fields: Any) -> TrackRecord:
    usual = {"scored": 250, "origins": 230, "crps_skill": 0.021, "p_value": 0.003, "figures": {}}
    return TrackRecord(**usual | fields)


def test_the_sentence_says_what_the_numbers_do() -> None:
    assert sentence(made()).startswith(
        "Sharper than the naive cone: over 230 forecasts its error (CRPS) was 2.1 %"
    )
    assert sentence(made(crps_skill=-0.02)).startswith("Worse than the naive cone: over 230 forecasts")
    assert "can be shown: over 230 forecasts" in sentence(made(p_value=0.2))
    assert sentence(made(origins=99)).startswith("There is too little to judge by: of 250")
    assert sentence(made(p_value=None)).startswith("There is too little")
    assert [tone(made()), tone(made(crps_skill=-1)), tone(made(p_value=0.2))] == [
        "sharper",
        "worse_than_naive",
        "",
    ]


def test_an_instruments_sentence_tells_of_the_correction() -> None:
    acme = Instrument(pk=1, symbol="ACME")

    assert "it does not stand after that correction" in sentence(made(instrument=acme))
    assert "It stands after the correction" in sentence(made(instrument=acme, is_significant=True))


def test_horizons_are_those_of_the_engine() -> None:
    assert list(STEP_GROUPS) == ["all", *(engine.group_name(place) for place in range(len(GROUP_ENDS)))]
