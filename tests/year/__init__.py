"""A year of the site in a few minutes: its clock, its prices and its workers are driven by a test."""

import pytest

pytest.register_assert_rewrite("tests.year.expected")
