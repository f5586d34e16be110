"""Replays on pages: asking, waiting, and what they show."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from forecasts.models import Instrument, Replay
from tests.factories import InstrumentFactory, bars
from tests.forecasts.replayed import ReplayFactory


def url(name: str, replay: Replay) -> str:
    return reverse(f"forecasts:{name}", args=[replay.pk])


@pytest.fixture
def done(db: None) -> Replay:
    replay: Replay = ReplayFactory(succeeded=True)
    bars(replay.instrument)
    return replay


@pytest.fixture
def private(other: User) -> Replay:
    replay: Replay = ReplayFactory(instrument=InstrumentFactory(upload=True, owner=other))
    return replay


def test_an_instruments_page_offers_to_replay_it(signed_in: Client) -> None:
    instrument = InstrumentFactory()
    bars(instrument, 300)

    page = signed_in.get(reverse("forecasts:instrument_detail", args=[instrument.symbol])).content.decode()

    assert reverse("forecasts:replay_create", args=[instrument.symbol]) in page


def test_a_stranger_is_not_offered_a_replay(client: Client, db: None) -> None:
    instrument = InstrumentFactory()
    bars(instrument, 300)

    page = client.get(reverse("forecasts:instrument_detail", args=[instrument.symbol])).content.decode()

    assert "/replays/" not in page


def test_replay_create_asks_and_leads_to_the_replay(signed_in: Client, user: User) -> None:
    instrument = InstrumentFactory()
    bars(instrument, 300)

    response = signed_in.post(
        reverse("forecasts:replay_create", args=[instrument.symbol]), {"method": "house"}
    )

    replay = Replay.objects.get()
    assert (response.url, replay.asked_by) == (url("replay_detail", replay), user)


def test_replay_create_says_why_not(signed_in: Client) -> None:
    instrument = InstrumentFactory()
    bars(instrument, 30)
    address = reverse("forecasts:replay_create", args=[instrument.symbol])

    page = signed_in.post(address, {"method": "house"}, follow=True).content.decode()

    assert "needs 250 sessions" in page
    assert not Replay.objects.exists()


def test_replay_create_is_for_who_is_signed_in(client: Client, db: None) -> None:
    address = reverse("forecasts:replay_create", args=[InstrumentFactory().symbol])

    assert client.post(address, {"method": "house"}).url.startswith("/accounts/login/")


def test_replay_detail_says_that_it_is_a_replay_and_what_was_held(signed_in: Client, done: Replay) -> None:
    response = signed_in.get(url("replay_detail", done))
    page = response.content.decode()

    assert "Replay: not counted" in page
    assert "Nobody was told these numbers at the time" in page
    assert f"/api/v1/replays/{done.pk}/chart/?step=5" in page
    assert [row.step for row in response.context["coverages"]] == [1, 5, 10, 20]
    assert "In-sample" not in page
    assert "restated" not in page


def test_replay_detail_warns_of_what_the_model_had_seen_and_of_restatements(
    signed_in: Client, done: Replay
) -> None:
    Replay.objects.update(in_sample=True)
    Instrument.objects.update(data_revision=2)

    page = signed_in.get(url("replay_detail", done)).content.decode()

    assert "no evidence of anything" in page
    assert "have been restated since" in page


@pytest.mark.parametrize("name", ["replay_detail", "replay_progress"])
def test_replays_are_seen_by_who_sees_the_instrument(
    name: str, done: Replay, private: Replay, signed_in: Client, as_other: Client
) -> None:
    assert signed_in.get(url(name, done)).status_code == 200
    assert as_other.get(url(name, done)).status_code == 200
    assert signed_in.get(url(name, private)).status_code == 404
    assert as_other.get(url(name, private)).status_code == 200


def test_a_stranger_is_sent_to_sign_in(client: Client, done: Replay) -> None:
    assert client.get(url("replay_detail", done)).url == f"/accounts/login/?next={url('replay_detail', done)}"
    assert client.get(url("replay_progress", done)).headers["HX-Refresh"] == "true"


def test_a_waiting_page_polls_until_there_is_an_end(signed_in: Client) -> None:
    replay = ReplayFactory()
    assert 'hx-trigger="every 2s"' in signed_in.get(url("replay_detail", replay)).content.decode()

    Replay.objects.update(created_at=timezone.now() - timedelta(minutes=2), error={"message": "Oh."})
    page = signed_in.get(url("replay_progress", replay)).content.decode()
    assert 'hx-trigger="every 5s"' in page
    assert "No worker has taken it up" in page
    assert "An attempt failed: Oh." in page

    Replay.objects.update(status="succeeded")
    assert signed_in.get(url("replay_progress", replay)).headers["HX-Refresh"] == "true"


def test_a_failed_replay_says_why_and_offers_another(signed_in: Client) -> None:
    error = {"code": "too_short", "message": "It is too short.", "remedy": "Wait."}
    replay = ReplayFactory(status="failed", error=error)

    page = signed_in.get(url("replay_detail", replay)).content.decode()

    assert "It is too short." in page
    assert "Wait." in page
    assert reverse("forecasts:replay_create", args=[replay.instrument.symbol]) in page
