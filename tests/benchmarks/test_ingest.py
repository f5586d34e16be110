from benchmarks.ingest import Run, report


def test_the_imports_share_is_of_each_bare_copys_speed() -> None:
    runs = [Run("bare COPY", 1000, 2.0, 90), Run("import", 1000, 4.0, 200), Run("import", 1000, 6.0, 250)]

    header, bare, imported = report(runs).splitlines()

    assert header.split() == ["seconds", "rows/s", "import's", "share", "peak", "MiB"]
    assert bare.split() == ["bare", "COPY", "2.00", "500", "0.40", "90"]
    assert imported.split() == ["import", "5.00", "200", "1.00", "250"]
