import json
from pathlib import Path

import pytest

from benchmarks.reporting import file_hash, origin_of_figures, table, write_json


def test_table() -> None:
    assert table(("what", "n"), [("a", 1), ("longer", 1000)]) == "what       n\na          1\nlonger  1000"


def test_json_says_where_its_figures_come_from(tmp_path: Path) -> None:
    write_json(tmp_path / "out.json", {"made": origin_of_figures(), "panel": Path("panel.parquet")})

    written = json.loads((tmp_path / "out.json").read_text())
    assert written["panel"] == "panel.parquet"
    assert written["made"]["cores"] >= 1
    assert written["made"]["versions"]["torch"].startswith("2.13.0")


def test_json_refuses_what_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "out.json", {"share": float("nan")})


def test_file_hash(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    assert file_hash(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
