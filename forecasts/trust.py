"""Decides, from backtest and ledger, whether a forecast deserves trust, and what is drawn first."""
