"""Reading the price files that people upload: CSV in its many ways, and Parquet.

Bytes in, a `Reading` out; nothing is stored here. The order of things is in `reading`.
"""

from forecasts.market_data.upload.base import (
    MAX_BYTES,
    MAX_ROWS,
    Options,
    Problem,
    Reading,
    Unreadable,
)
from forecasts.market_data.upload.reading import read

__all__ = ["MAX_BYTES", "MAX_ROWS", "Options", "Problem", "Reading", "Unreadable", "read"]
