"""Whatever is uploaded: it is kept whole, or refused in words and leaves nothing."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.models import Instrument, PriceBar, UploadDraft
from tests.forecasts.price_files import price_sheet

MODERATE = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DEEP = settings(MODERATE, max_examples=600)

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
CSV = price_sheet(6)


def parquet() -> bytes:
    sink = io.BytesIO()
    pd.read_csv(io.BytesIO(CSV)).to_parquet(sink)
    return sink.getvalue()


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Replace a piece of a good file by something else."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 12)))
    return whole[:start] + draw(st.binary(max_size=12)) + whole[end:]


CONTENTS = st.one_of(
    st.binary(max_size=300),
    TEXT.map(str.encode),
    st.just(CSV),
    damaged(CSV),
    damaged(CSV.replace(b",", b";").replace(b".", b",")),
    damaged(parquet()),
)
NAMES = st.one_of(st.just("FUND"), st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True), TEXT)
FILENAMES = st.one_of(st.just("fund.csv"), st.just("fund.parquet"), TEXT)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "date_order": st.one_of(st.sampled_from(["", "ymd", "dmy", "mdy"]), TEXT),
        "decimal": st.one_of(st.sampled_from(["", ".", ","]), TEXT),
        "calendar": st.one_of(st.sampled_from(["", "XNYS", "24/7", "weekdays", "us_futures"]), TEXT),
        "currency": st.one_of(st.sampled_from(["", "USD", "GBp"]), TEXT),
        "mode": st.one_of(st.sampled_from(["create", "replace", "append"]), TEXT),
        "skip_bad_rows": st.sampled_from(["true", "false", "perhaps"]),
        "preview": st.sampled_from(["true", "false", "\0"]),
    },
)
FORMS = st.fixed_dictionaries({"content": CONTENTS, "filename": FILENAMES, "name": NAMES, "said": SAID})


@contextmanager
def afterwards_nothing() -> Iterator[None]:
    yield
    Instrument.objects.all().delete()
    UploadDraft.objects.all().delete()


def body_of(form: dict[str, Any]) -> dict[str, Any]:
    file = SimpleUploadedFile("x", form["content"])
    file._name = form["filename"]  # a name that is none too, as a stranger may send it
    return {"file": file, "name": form["name"], **form["said"]}


def check_api(api: APIClient, form: dict[str, Any]) -> None:
    with afterwards_nothing():
        response = api.post("/api/v1/instruments/uploads/", body_of(form), format="multipart")

        if response.status_code == 201:
            assert PriceBar.objects.count() == response.json()["kept"] > 0
        else:
            assert response.status_code in (200, 400), response.content
            assert not Instrument.objects.exists()
        if response.status_code == 400:
            assert all(error["detail"].strip() for error in response.json()["errors"])


def check_page(client: Client, form: dict[str, Any]) -> None:
    with afterwards_nothing():
        response = client.post("/uploads/new/", body_of(form))

        if response.status_code == 302:
            check_draft(client, response["Location"])
        else:
            assert response.status_code == 400
            assert not UploadDraft.objects.exists()


def check_draft(client: Client, address: str) -> None:
    shown = client.get(address)
    kept = client.post(f"{address}keep/", {"mode": "create", "skip_bad_rows": "yes"})

    assert (shown.status_code, kept.status_code) in {(200, 302), (200, 400)}
    assert Instrument.objects.exists() == PriceBar.objects.exists() == (kept.status_code == 302)


@pytest.fixture
def sturdy(api: APIClient) -> APIClient:
    api.raise_request_exception = False
    return api


@pytest.fixture
def browser(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@MODERATE
@given(form=FORMS)
def test_the_api_keeps_or_refuses(sturdy: APIClient, form: dict[str, Any]) -> None:
    check_api(sturdy, form)


@MODERATE
@given(form=FORMS)
def test_the_pages_keep_or_refuse(browser: Client, form: dict[str, Any]) -> None:
    check_page(browser, form)


@pytest.mark.slow
@pytest.mark.timeout(900)
@DEEP
@given(form=FORMS)
def test_the_api_keeps_or_refuses_very_much(sturdy: APIClient, form: dict[str, Any]) -> None:
    check_api(sturdy, form)


@pytest.mark.slow
@pytest.mark.timeout(900)
@DEEP
@given(form=FORMS)
def test_the_pages_keep_or_refuse_very_much(browser: Client, form: dict[str, Any]) -> None:
    check_page(browser, form)
