"""A server on 127.0.0.1 that answers as Yahoo Finance does, well or badly, for the real client to ask."""

from tests.yahoo_server.market import Bar, Listing, bars_of
from tests.yahoo_server.server import YahooServer, point_client_at, running

__all__ = ["Bar", "Listing", "YahooServer", "bars_of", "point_client_at", "running"]
