"""From a Parquet file to a table of cells, decoded in a process of its own.

The decoder is native code that takes sizes from the file: a malformed one can crash it, and one made for that
can unpack to terabytes. A process with limits on memory and time fails alone, and the site goes on; of what
it answers no more is taken than prices need.
"""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any, cast

from forecasts.market_data.upload import decoder
from forecasts.market_data.upload.base import Table, Unreadable

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[3]
SECONDS = 60
# Bytes, of the decoder's answer and of the cells it stands for; 200,000 rows of prices take half.
MAX_ANSWER = 64 * 1024 * 1024
DAMAGED = (
    "The Parquet file is damaged, or far larger once unpacked than prices are. Export it again, or as CSV."
)


def read_table(content: bytes) -> Table:
    """Return the columns that matter as text; raises Unreadable."""
    lines = io.BytesIO(_answer(content))
    head = json.loads(lines.readline())
    if "unreadable" in head:
        raise Unreadable(head["unreadable"])
    cells: dict[int, list[str]] = {}
    left = MAX_ANSWER
    for column in map(json.loads, lines):
        left -= _size(column)
        if left < 0:
            raise Unreadable(DAMAGED)
        cells[column["at"]] = _cells(column)
    # As if written below a header: a spreadsheet's first row of prices is its second.
    return Table(head["names"], cells, list(range(2, head["rows"] + 2)), [], None, None)


def _size(column: dict[str, Any]) -> int:
    """Return the bytes of a column's cells once each is written out."""
    sizes = [len(word.encode(errors="replace")) for word in column["words"]]
    return sum(sizes) if column["places"] is None else sum(sizes[place] for place in column["places"])


def _cells(column: dict[str, Any]) -> list[str]:
    words: list[str] = column["words"]
    return words if column["places"] is None else [words[place] for place in column["places"]]


def _answer(content: bytes) -> bytes:
    """Return what the decoder says; raises Unreadable where it fails, says too much or takes too long."""
    with subprocess.Popen(  # noqa: S603 (our own module, and the file only as input)
        [sys.executable, "-m", decoder.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        feeding = Thread(target=_feed, args=(process.stdin, content))
        too_long = Timer(SECONDS, process.kill)
        feeding.start()
        too_long.start()
        try:
            answer = cast("IO[bytes]", process.stdout).read(MAX_ANSWER + 1)
            if len(answer) <= MAX_ANSWER:
                errors = cast("IO[bytes]", process.stderr).read(MAX_ANSWER)
                process.wait()
        finally:
            too_long.cancel()
            process.kill()
            feeding.join()
    if len(answer) > MAX_ANSWER:
        raise Unreadable(DAMAGED)
    if process.returncode:
        logger.warning(
            "Decoding an upload ended with %d: %s", process.returncode, errors[-500:].decode(errors="replace")
        )
        raise Unreadable(DAMAGED)
    return answer


def _feed(pipe: IO[bytes], content: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError), pipe:  # it has ended before it has read all
        pipe.write(content)
