"""The ledger: what was said enters a chain of hashes, and stays."""
