"""The SQL of an import. It runs on connections of its own, whose temporary tables end with them."""

from forecasts.ingest.splits import ENOUGH_SESSIONS, SMALLEST, UNIFORM

QUOTED = ("open", "high", "low", "close", "adj_close")
PRICES = (*QUOTED, "volume")


def _columns(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in PRICES)


# `number` is a symbol's place in the panel, `place` the row's in the file, `unsettled` the instrument's last
# session while its bar may still change. Changes that are kept are of stored bars that the file lacks.
STAGE = """
SET jit = off;
SET work_mem = '32MB';
CREATE TEMP TABLE import_row (
    place bigint NOT NULL, number integer NOT NULL, date date NOT NULL,
    open float8 NOT NULL, high float8 NOT NULL, low float8 NOT NULL, close float8 NOT NULL,
    adj_close float8 NOT NULL, volume float8 NOT NULL, repaired boolean NOT NULL
);
CREATE TEMP TABLE import_target (
    number integer NOT NULL, instrument_id bigint NOT NULL, unsettled date, is_stored boolean NOT NULL
);
CREATE TEMP TABLE import_change (
    instrument_id bigint NOT NULL, date date NOT NULL,
    open float8, high float8, low float8, close float8, adj_close float8, volume float8, state text NOT NULL,
    price_ratio float8, adjusted_ratio float8,
    is_new boolean NOT NULL, was_closed boolean, is_other boolean, is_kept boolean NOT NULL
);
CREATE TEMP TABLE import_session (calendar text NOT NULL, date date NOT NULL)
"""
COPY_ROWS = "COPY import_row FROM STDIN (FORMAT binary)"
FIND_TWICE = """
SELECT (array_agg(place ORDER BY place))[1:1 + %(named)s], number, date FROM import_row
GROUP BY number, date HAVING count(*) > 1 ORDER BY min(place) LIMIT %(named)s
"""
FORGET_LATER = """
DELETE FROM import_row AS later USING import_row AS earlier
WHERE earlier.number = later.number AND earlier.date = later.date AND earlier.place < later.place
"""
INDEX = "CREATE UNIQUE INDEX ON import_row (number, date); ANALYZE import_row"

# Storing ------------------------------------------------------------------------------------------------

REGISTER = """
INSERT INTO forecasts_instrument (
    symbol, source, name, kind, currency, exchange, timezone, calendar, data_revision
)
SELECT symbol, %(source)s, '', kind, '', '', '', calendar, 1
FROM unnest(%(symbols)s::text[], %(kinds)s::text[], %(calendars)s::text[]) AS panel (symbol, kind, calendar)
ORDER BY symbol
ON CONFLICT (symbol, owner_id) DO NOTHING
"""
FIND = """
SELECT id, symbol, source, calendar FROM forecasts_instrument
WHERE owner_id IS NULL AND symbol = ANY(%(symbols)s)
ORDER BY id
"""
LOCK = f"{FIND} FOR NO KEY UPDATE"
FIND_RECENT = """
SELECT number FROM unnest(%(numbers)s::integer[]) AS target (number)
WHERE EXISTS (SELECT FROM import_row AS row WHERE row.number = target.number AND row.date >= %(day)s)
"""
AIM = """
TRUNCATE import_target, import_change;
INSERT INTO import_target
SELECT number, id, unsettled, EXISTS (SELECT FROM forecasts_pricebar WHERE instrument_id = id)
FROM unnest(%(numbers)s::integer[], %(ids)s::bigint[], %(unsettled)s::date[])
    AS target (number, id, unsettled);
ANALYZE import_target
"""
STORED = "SELECT instrument_id FROM import_target WHERE is_stored"
# Whether a price differs from what it was times a factor, by more than sources round.
OFF = "abs({new} / ({old} * {factor}) - 1) > %(tolerance)s"
IS_OTHER = " OR ".join(OFF.format(new=f"row.{name}", old=f"bar.{name}", factor="1.0") for name in QUOTED)
STATE = """CASE WHEN row.date >= target.unsettled THEN 'provisional'
    WHEN row.repaired THEN 'repaired' ELSE 'final' END"""
COMPARE = f"""
INSERT INTO import_change
SELECT target.instrument_id, row.date, {_columns("row")}, {STATE},
    row.close / bar.close, row.adj_close / bar.adj_close,
    bar.date IS NULL, bar.state <> 'unfinished', {IS_OTHER}, false
FROM import_target AS target
JOIN import_row AS row USING (number)
LEFT JOIN forecasts_pricebar AS bar ON bar.instrument_id = target.instrument_id AND bar.date = row.date
    AND bar.instrument_id = ANY(%(stored)s)
WHERE target.is_stored AND (
    ({_columns("bar")}) IS DISTINCT FROM ({_columns("row")})
    OR bar.state IN ('provisional', 'unfinished') AND bar.state <> {STATE}
)
"""
CORRECT = f"""
UPDATE forecasts_pricebar AS bar
SET {", ".join(f"{name} = change.{name}" for name in PRICES)}, state = change.state,
    source = CASE WHEN is_kept THEN bar.source ELSE 'import' END,
    fetched_at = CASE WHEN is_kept THEN bar.fetched_at ELSE now() END
FROM import_change AS change
WHERE bar.instrument_id = change.instrument_id AND bar.date = change.date AND NOT change.is_new
"""
ADD = f"""
INSERT INTO forecasts_pricebar (instrument_id, date, {", ".join(PRICES)}, state, source, fetched_at)
SELECT instrument_id, row.date, {_columns("row")},
    {STATE}, 'import', now()
FROM import_target AS target JOIN import_row AS row USING (number)
WHERE NOT is_stored
UNION ALL
SELECT instrument_id, row.date, {_columns("row")}, state, 'import', now()
FROM import_change AS row
WHERE is_new
ORDER BY instrument_id, date
"""

# Bases ----------------------------------------------------------------------------------------------------

# Where stored bars lie before the file's first session or after its last: the quartiles of new price over old
# in the settled sessions of both that are nearest to them. One row a side.
NEAR = f"""
SELECT row.close / bar.close AS price, row.adj_close / bar.adj_close AS adjusted
FROM import_row AS row JOIN forecasts_pricebar AS bar ON bar.date = row.date
WHERE row.number = span.number AND bar.instrument_id = span.instrument_id
    AND bar.state IN ('final', 'repaired') AND {{side}}
ORDER BY row.date {{direction}} LIMIT {ENOUGH_SESSIONS}
"""
JOINTS = f"""
WITH span AS (
    SELECT target.number, target.instrument_id, panel.*, stored.*
    FROM import_target AS target
    CROSS JOIN LATERAL (
        SELECT min(date) AS first, max(date) AS last FROM import_row WHERE number = target.number
    ) AS panel
    CROSS JOIN LATERAL (
        SELECT min(date) AS stored_first, max(date) AS stored_last FROM forecasts_pricebar
        WHERE instrument_id = target.instrument_id AND state <> 'unfinished'
    ) AS stored
    WHERE is_stored
)
SELECT span.number, span.instrument_id, side.is_early, CASE WHEN is_early THEN first ELSE last END,
    ratios.price, ratios.adjusted
FROM span
CROSS JOIN LATERAL (VALUES (true, stored_first < first), (false, stored_last > last))
    AS side (is_early, is_kept)
CROSS JOIN LATERAL (
    SELECT percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY price) AS price,
        percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY adjusted) AS adjusted
    FROM (
        ({NEAR.format(side="is_early", direction="ASC")})
        UNION ALL
        ({NEAR.format(side="NOT is_early", direction="DESC")})
    ) AS near
) AS ratios
WHERE is_kept
ORDER BY span.number, side.is_early
"""
HAS_HOLES = """EXISTS (
    SELECT FROM forecasts_pricebar AS bar
    LEFT JOIN import_row AS row ON row.number = target.number AND row.date = bar.date
    WHERE bar.instrument_id = target.instrument_id AND bar.state <> 'unfinished' AND row.date IS NULL
        AND bar.date BETWEEN (SELECT min(date) FROM import_row WHERE number = target.number)
            AND (SELECT max(date) FROM import_row WHERE number = target.number)
)"""
HOLED = f"SELECT number FROM import_target AS target WHERE number = ANY(%(numbers)s) AND {HAS_HOLES}"
KEEP = """
INSERT INTO import_change
SELECT bar.instrument_id, bar.date, bar.open, bar.high, bar.low, bar.close, bar.adj_close * joint.factor,
    bar.volume, bar.state, 1, joint.factor, false, bar.state <> 'unfinished', true, true
FROM unnest(%(ids)s::bigint[], %(early)s::boolean[], %(days)s::date[], %(factors)s::float8[])
    AS joint (instrument_id, is_early, day, factor)
JOIN forecasts_pricebar AS bar ON bar.instrument_id = joint.instrument_id
    AND CASE WHEN is_early THEN bar.date < joint.day ELSE bar.date > joint.day END
"""
# Histories that the file puts on another basis as a whole: by a split, or with stored sessions that it lacks.
QUARTILES = "percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY {name})"
IS_EVEN = f"({{name}}[3] / {{name}}[1] - 1 <= {UNIFORM} AND abs(ln({{name}}[2])) > {{least}})"
RESCALED = f"""
SELECT target.number, target.instrument_id FROM (
    SELECT instrument_id, count(*) AS sessions, {QUARTILES.format(name="price_ratio")} AS price,
        {QUARTILES.format(name="adjusted_ratio")} AS adjusted
    FROM import_change WHERE was_closed AND is_other AND NOT is_kept
    GROUP BY instrument_id HAVING count(*) >= {ENOUGH_SESSIONS}
) AS changed
JOIN import_target AS target USING (instrument_id)
WHERE NOT EXISTS (
    SELECT FROM import_change AS kept WHERE kept.instrument_id = changed.instrument_id AND kept.is_kept
) AND (
    {IS_EVEN.format(name="price", least=SMALLEST)}
    OR ({IS_EVEN.format(name="price", least=UNIFORM)} OR {IS_EVEN.format(name="adjusted", least=UNIFORM)})
        AND 2 * sessions >= (SELECT count(*) FROM import_row WHERE number = target.number) AND {HAS_HOLES}
)
"""
LEAVE = """
DELETE FROM import_change USING import_target AS target
WHERE import_change.instrument_id = target.instrument_id AND target.number = ANY(%(numbers)s);
DELETE FROM import_target WHERE number = ANY(%(numbers)s)
"""
STAGED = f"SELECT date, {', '.join(PRICES)}, repaired FROM import_row WHERE number = %(number)s ORDER BY date"

# The log of what prices had been --------------------------------------------------------------------------

# As forecasts.ingest.restating tells a change, for many instruments at once.
MEDIAN = "percentile_disc(0.5) WITHIN GROUP (ORDER BY new_{name} / {name})"
FACTOR = "CASE WHEN abs({median} - 1) > %(tolerance)s THEN {median} ELSE 1 END"
IS_OFF = " OR ".join(
    OFF.format(
        new=f"pair.new_{name}",
        old=f"pair.{name}",
        factor=f"restated.{'adjusted' if name == 'adj_close' else 'price'}_factor",
    )
    for name in QUOTED
)
LOG = f"""
WITH changed AS (
    SELECT instrument_id, count(*) AS sessions, min(date) AS first_session, max(date) AS last_session
    FROM import_change WHERE NOT is_new AND was_closed AND is_other GROUP BY instrument_id
), pair AS (
    SELECT bar.*, {", ".join(f"coalesce(change.{name}, bar.{name}) AS new_{name}" for name in QUOTED)}
    FROM changed JOIN forecasts_pricebar AS bar ON bar.instrument_id = changed.instrument_id
        AND bar.date BETWEEN changed.first_session AND changed.last_session AND bar.state <> 'unfinished'
    LEFT JOIN import_change AS change
        ON change.instrument_id = bar.instrument_id AND change.date = bar.date
), medians AS (
    SELECT instrument_id, {MEDIAN.format(name="close")} AS price,
        {MEDIAN.format(name="adj_close")} AS adjusted
    FROM pair GROUP BY instrument_id
), restated AS (
    SELECT changed.*, {FACTOR.format(median="price")} AS price_factor,
        {FACTOR.format(median="adjusted")} AS adjusted_factor
    FROM changed JOIN medians USING (instrument_id)
), risen AS (
    UPDATE forecasts_instrument AS instrument SET data_revision = data_revision + 1
    FROM restated WHERE instrument.id = restated.instrument_id
    RETURNING instrument.id, instrument.data_revision
)
INSERT INTO forecasts_restatement (
    instrument_id, noticed_at, revision, reason, first_session, last_session, sessions, price_factor,
    adjusted_factor, before
)
SELECT restated.instrument_id, now(), risen.data_revision, 'imported', restated.first_session,
    restated.last_session, restated.sessions, restated.price_factor, restated.adjusted_factor, (
        SELECT coalesce(jsonb_agg(jsonb_build_array(pair.date, {_columns("pair")}) ORDER BY pair.date), '[]')
        FROM pair WHERE pair.instrument_id = restated.instrument_id AND ({IS_OFF})
    )
FROM restated JOIN risen ON risen.id = restated.instrument_id
"""
# Sessions that came late, where no price changed: between stored ones or before them, or after an anchor that
# a forecast took because they lacked. It shall be made anew.
LOG_LATE = """
WITH late AS (
    SELECT change.instrument_id, min(change.date) AS first_session, max(change.date) AS last_session
    FROM import_change AS change
    JOIN (
        SELECT instrument_id, max(date) AS last_added, (
            SELECT max(bar.date) FROM forecasts_pricebar AS bar
            WHERE bar.instrument_id = added.instrument_id AND bar.state <> 'unfinished'
        ) AS last_stored
        FROM import_change AS added WHERE was_closed IS NOT TRUE GROUP BY instrument_id
    ) AS span USING (instrument_id)
    WHERE change.was_closed IS NOT TRUE AND (
        last_stored > change.date OR EXISTS (
            SELECT FROM forecasts_forecast AS forecast
            WHERE forecast.instrument_id = change.instrument_id AND forecast.data_as_of < change.date
                AND forecast.as_of BETWEEN change.date AND last_added
        )
    ) AND NOT EXISTS (
        SELECT FROM import_change AS other
        WHERE other.instrument_id = change.instrument_id AND other.was_closed AND other.is_other
    )
    GROUP BY change.instrument_id
), risen AS (
    UPDATE forecasts_instrument AS instrument SET data_revision = data_revision + 1
    FROM late WHERE instrument.id = late.instrument_id
    RETURNING instrument.id, instrument.data_revision
)
INSERT INTO forecasts_restatement (
    instrument_id, noticed_at, revision, reason, first_session, last_session, sessions, price_factor,
    adjusted_factor, before
)
SELECT id, now(), data_revision, 'imported', first_session, last_session, 0, 1, 1, '[]'
FROM late JOIN risen ON risen.id = late.instrument_id
"""

# Gaps -----------------------------------------------------------------------------------------------------

COPY_SESSIONS = "COPY import_session FROM STDIN"
FORGET_GAPS = """
DELETE FROM forecasts_missingsession AS gap USING forecasts_pricebar AS bar
WHERE gap.instrument_id = ANY(%(ids)s) AND bar.instrument_id = gap.instrument_id AND bar.date = gap.date
    AND bar.instrument_id = ANY(%(ids)s) AND bar.state <> 'unfinished'
"""
# As forecasts.ingest.gaps finds them: up to the last stored session, or the last closed one if that is near.
NOTE_GAPS = """
INSERT INTO forecasts_missingsession (instrument_id, date, found_at)
SELECT span.instrument_id, gap.date, now()
FROM (
    SELECT bar.instrument_id, min(bar.date) AS first, count(session.date) AS sessions,
        greatest(max(bar.date), CASE WHEN max(bar.date) >= %(recent)s THEN %(closed)s END) AS last
    FROM forecasts_pricebar AS bar
    LEFT JOIN import_session AS session ON session.date = bar.date AND session.calendar = %(calendar)s
    WHERE bar.instrument_id = ANY(%(ids)s) AND bar.state <> 'unfinished'
    GROUP BY bar.instrument_id
) AS span
CROSS JOIN LATERAL (
    SELECT date FROM import_session WHERE calendar = %(calendar)s AND date BETWEEN span.first AND span.last
    EXCEPT
    SELECT date FROM forecasts_pricebar WHERE instrument_id = span.instrument_id AND state <> 'unfinished'
) AS gap
WHERE span.sessions < (
    SELECT count(*) FROM import_session
    WHERE calendar = %(calendar)s AND date BETWEEN span.first AND span.last
)
ORDER BY span.instrument_id, gap.date
ON CONFLICT (instrument_id, date) DO NOTHING
"""
