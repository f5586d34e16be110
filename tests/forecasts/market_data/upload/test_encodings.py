"""Text in its encodings, and what is no text."""

import gzip
import io
import zipfile

import pytest

from tests.forecasts.market_data.upload.files import PLAIN, PLAIN_BARS, bars_of, reading, refusal


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, PLAIN)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings_are_told_apart(encoding: str, found: str) -> None:
    text = PLAIN.replace("Volume", "Volume,Größe €").replace("00\n", "00,\n")

    answer = reading(text.encode(encoding))

    assert bars_of(answer) == PLAIN_BARS
    assert answer.encoding == found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b" \r\n ", "The file is empty."),
        (zipped("[Content_Types].xml"), "This is an Excel workbook. Save it as CSV and upload that."),
        (zipped("prices.csv"), "This is a zip archive. Unpack it"),
        (gzip.compress(PLAIN.encode()), "This file is compressed (gzip). Unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is an Excel workbook. Save it as CSV"),
        (b"%PDF-1.7\n", "This is a PDF."),
        (b"<!DOCTYPE html><html></html>", "This is a web page (HTML or XML)."),
        (b'{"Meta Data": {}}', "This is JSON."),
        (b'[{"date": "2024-01-02"}]', "This is JSON."),
        (b"\x89PNG\r\n\x1a\n", "This is a picture."),
        (bytes(range(256)), "This is not a text file, nor a Parquet file."),
        (PLAIN.encode().replace(b"10.5", b"10\x005"), "This is not a text file, nor a Parquet file."),
        (b"\xff\xfe\x00\xd8", "The file's letters cannot be read"),
        ("Date".encode("utf-32"), "The file's letters cannot be read"),
        (b"Date,Open\x81\x8d", "The file's letters cannot be read"),
    ],
)
def test_what_is_no_table_of_text_is_named_in_one_sentence(content: bytes, said: str) -> None:
    assert refusal(content).message.startswith(said)


def test_a_file_that_is_parquet_by_name_alone_is_refused() -> None:
    error = refusal(PLAIN, "prices.parquet")

    assert (
        error.message == "The file's name says Parquet, and its content is something else. Export it again."
    )
