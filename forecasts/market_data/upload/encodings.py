"""From bytes to text, or a sentence that says what the file is instead."""

from __future__ import annotations

import re

from forecasts.market_data.upload.base import Unreadable

SAVE_AS_CSV = "Save it as CSV and upload that."
EXCEL = f"This is an Excel workbook. {SAVE_AS_CSV}"
# How files that hold no table of text begin, and what to do instead.
BEGINNINGS = {
    b"\xd0\xcf\x11\xe0": EXCEL,
    b"%PDF": "This is a PDF. Prices must come as a CSV or Parquet file.",
    b"\x1f\x8b": "This file is compressed (gzip). Unpack it and upload what is inside.",
    b"BZh": "This file is compressed (bzip2). Unpack it and upload what is inside.",
    b"\xfd7zXZ": "This file is compressed (xz). Unpack it and upload what is inside.",
    b"\x28\xb5\x2f\xfd": "This file is compressed (zstd). Unpack it and upload what is inside.",
    b"7z\xbc\xaf": "This is a 7z archive. Unpack it and upload what is inside.",
    b"Rar!": "This is a RAR archive. Unpack it and upload what is inside.",
    b"ARROW1": "This is an Arrow (Feather) file. Save it as Parquet or CSV and upload that.",
    b"FEA1": "This is a Feather file. Save it as Parquet or CSV and upload that.",
    b"\x89HDF": "This is an HDF5 file. Save it as Parquet or CSV and upload that.",
    b"SQLite format 3": "This is a database. Export its table of prices as CSV and upload that.",
    b"\x89PNG": "This is a picture. Prices must come as a CSV or Parquet file.",
    b"\xff\xd8\xff": "This is a picture. Prices must come as a CSV or Parquet file.",
    b"GIF8": "This is a picture. Prices must come as a CSV or Parquet file.",
    b"PARE": "This Parquet file is encrypted. Export it without encryption.",
    b"PK\x05\x06": "This is an empty zip archive. Upload the CSV or Parquet file itself.",
}
ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"
BINARY = "This is not a text file, nor a Parquet file. Prices must come as CSV or Parquet."
MARKUP = re.compile(rb"\s*(<!doctype|<html|<\?xml|<table|<head|<body)", re.IGNORECASE)
JSON = re.compile(rb"\s*[{\[]\s*[\"{\[\]}]")
BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
UTF_32_MARKS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
# Of a text's bytes, so many at even or odd places are zero where it is UTF-16 in a Western language.
MANY_ZEROS = 0.3
CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1f]")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
END_OF_FILE = "\x1a"


def refuse_other_formats(content: bytes) -> None:
    """Raise Unreadable for empty files and for those whose beginning says that they are no table of text."""
    if not content.strip():
        raise Unreadable("The file is empty. Choose one with prices in it.")
    for beginning, sentence in BEGINNINGS.items():
        if content.startswith(beginning):
            raise Unreadable(sentence)
    if content.startswith(ZIP):
        raise Unreadable(_in_zip(content))
    if MARKUP.match(content[:1000]):
        raise Unreadable("This is a web page (HTML or XML). Use the site's download and upload that file.")
    if JSON.match(content[:1000]):
        raise Unreadable("This is JSON. Ask the source for CSV, or convert the file, and upload that.")


def decode(content: bytes) -> tuple[str, str]:
    """Return the text without byte order mark, and its encoding; raises Unreadable if it is none."""
    for encoding, body in _candidates(content):
        try:
            text = body.decode(encoding).rstrip(END_OF_FILE)
        except UnicodeDecodeError:
            continue
        if CONTROL.search(text):
            raise Unreadable(BINARY)
        return text, encoding
    if not content.startswith(tuple(BYTE_ORDER_MARKS) + UTF_32_MARKS) and CONTROL_BYTES.search(content):
        raise Unreadable(BINARY)
    raise Unreadable(
        "The file's letters cannot be read as UTF-8, UTF-16 or Windows-1252. Save it as CSV in UTF-8."
    )


def _candidates(content: bytes) -> list[tuple[str, bytes]]:
    """Return the encodings to try, in order, each with the bytes after the byte order mark."""
    if content.startswith(UTF_32_MARKS):
        return []
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return [(encoding, content[len(mark) :])]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = content[offset::2]
        if half.count(0) > MANY_ZEROS * len(half) and len(content) % 2 == 0:
            return [(encoding, content)]
    return [("utf-8", content), ("cp1252", content)]


def _in_zip(content: bytes) -> str:
    if b"[Content_Types].xml" in content or b"xl/" in content:
        return EXCEL
    if b"opendocument.spreadsheet" in content[:200]:
        return f"This is a LibreOffice spreadsheet. {SAVE_AS_CSV}"
    return "This is a zip archive. Unpack it and upload the CSV or Parquet file inside."
