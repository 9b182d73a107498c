"""Bad data by name, as tables: columns that are not there, of other types, with values that cannot
be; and some that look odd and are right. Each case is a name and a function that fills a directory.
"""

SMALL = """SELECT c::BIGINT AS cookie, n::UINTEGER AS node, e::BIGINT AS "event",
    t::TIMESTAMP AS event_date FROM (VALUES
    (1, 10, 17, '2025-01-01 00:00:00'), (1, 10, 17, '2025-01-01 01:00:00'),
    (1, 20, 17, '2025-01-02 00:00:00'), (2, 20, 10, '2025-01-01 00:00:00'),
    (3, 30, 17, '2025-01-01 00:00:00'), (1, 30, 10, '2025-01-02 12:00:00'),
    (2, 10, 17, '2025-01-02 12:00:00'), (2, 30, 10, '2025-01-03 00:00:00')) t(c, n, e, t)"""
EVENTS = """SELECT * FROM (VALUES (10::BIGINT, 1::BIGINT), (17, 0)) t("event", is_contact)"""
ROWS = f"(SELECT *, row_number() OVER () AS row FROM ({SMALL}))"

# What an id, a kind of event or a time may be written as, and what not.
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UBIGINT",
            "VARCHAR", "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL(9, 2)")
ID_TYPES = {kind: f"{{}}::{kind}" for kind in INTEGERS} | {
    "BOOLEAN": "{} > 1", "DATE": "DATE '2020-01-01' + {}::INTEGER",
    "TIMESTAMP": "make_timestamp({}::BIGINT)", "TIME": "TIME '10:00:00'",
    "INTERVAL": "INTERVAL 1 DAY", "BLOB": "('id' || {})::BLOB", "BITSTRING": "'101'::BIT",
    "UUID": "uuid()", "ENUM": "('a' || {} % 3)::ENUM('a0', 'a1', 'a2')", "LIST": "[{}]",
    "STRUCT": "{{'id': {}}}", "MAP": "MAP {{'id': {}}}", "ARRAY": "array_value({}, 1)",
    "JSON text": "'{{\"id\": ' || {} || '}}'"}
TIME_TYPES = {
    "DATE": "event_date::DATE", "TIMESTAMP_S": "event_date::TIMESTAMP_S",
    "TIMESTAMP_MS": "event_date::TIMESTAMP_MS", "TIMESTAMP_NS": "event_date::TIMESTAMP_NS",
    "TIMESTAMPTZ": "event_date::TIMESTAMPTZ", "VARCHAR": "event_date::VARCHAR",
    "INTEGER": "epoch(event_date)::INTEGER", "BIGINT": "epoch_ms(event_date)",
    "DOUBLE": "epoch(event_date)", "BOOLEAN": "true", "TIME": "event_date::TIME",
    "INTERVAL": "event_date - TIMESTAMP '2025-01-01'", "BLOB": "event_date::VARCHAR::BLOB",
    "LIST": "[event_date]", "STRUCT": "{'at': event_date}", "MAP": "MAP {'at': event_date}"}
FLAG_TYPES = {
    "BOOLEAN": "is_contact = 1", "TINYINT": "is_contact::TINYINT", "DOUBLE": "is_contact::DOUBLE",
    "HUGEINT": "is_contact::HUGEINT", "DECIMAL": "is_contact::DECIMAL(4, 2)",
    "VARCHAR": "is_contact::VARCHAR", "DATE": "DATE '2025-01-01'", "LIST": "[is_contact]",
    "STRUCT": "{'is': is_contact}", "BLOB": "'1'::BLOB"}

# Times as text, and as numbers that are at the end of what a time can be.
TIME_TEXTS = {
    "nothing": "", "a space": " ", "a word": "yesterday", "null": "null", "NaN": "NaN",
    "a number": "1735689600", "month 13": "2025-13-01", "day 30 of February": "2025-02-30",
    "day 0": "2025-01-00", "hour 25": "2025-01-01 25:00:00", "minute 60": "2025-01-01 10:60:00",
    "an American date": "01/31/2025", "a German date": "31.01.2025", "no day": "2025-01",
    "a year of 5 digits": "12025-01-01", "year 0": "0000-01-01", "a negative year": "-001-01-01",
    "year 1600": "1600-01-01", "year 2300": "2300-01-01", "a zone": "2025-01-01T10:00:00+25:00",
    "another script": "٢٠٢٥-٠١-٠١", "infinity": "infinity", "more behind it": "2025-01-01 x",
    "10,000 letters": "2" * 10000}
TIMES = {
    "of year 1677": "TIMESTAMP '1677-09-22'", "of year 1": "TIMESTAMP '0001-01-01'",
    "of year 2262": "TIMESTAMP '2262-04-11'", "of year 9999": "TIMESTAMP '9999-12-31'",
    "of year 290,000": "TIMESTAMP '290000-01-01'", "infinite": "'infinity'::TIMESTAMP",
    "infinite backwards": "'-infinity'::TIMESTAMP", "of 1970": "TIMESTAMP '1970-01-01'",
    "before Christ": "TIMESTAMP '0044-03-15 (BC)'"}
IDS = {
    "the least of 64 bits": "(-9223372036854775808)::BIGINT",
    "the most of 64 bits": "9223372036854775807::BIGINT", "minus one": "-1", "zero": "0"}
TEXT_IDS = {
    "nothing": "''", "a space": "' '", "a NUL": "'a' || chr(0) || 'b'", "a quote": "''''",
    "a line's end": "'a' || chr(10) || 'b'", "markup": "'<script>alert(1)</script>'",
    "the end of a line in Unicode": "'a' || chr(8232) || 'b'", "turned about": "chr(8238) || 'abc'",
    "a smile": "'😀'", "1,000 bytes": "repeat('x', 1000)", "a million bytes": "repeat('x', 1000000)",
    "bytes that are not UTF-8": "'\\xFF\\xFE\\x80'::BLOB",
    "half of a letter": "'a\\xC3'::BLOB"}


def clicks(query, events=EVENTS, options="FORMAT parquet"):
    """A directory with these rows for a clickstream."""
    def fill(place, kit):
        kit.duck.write(place / "clickstream.pq", query, options)
        kit.duck.write(place / "events.pq", events)
    return fill


def replaced(column, expression, rows=SMALL):
    return clicks(f'SELECT * REPLACE ({expression} AS "{column}") FROM ({rows})')


def types():
    for column in ("cookie", "node", "event"):
        for kind, expression in ID_TYPES.items():
            yield f"{column} of type {kind}", replaced(column, expression.format(f'"{column}"'))
    for kind, expression in TIME_TYPES.items():
        yield f"event_date of type {kind}", replaced("event_date", expression)
    for kind, expression in FLAG_TYPES.items():
        yield f"is_contact of type {kind}", clicks(
            SMALL, f"SELECT * REPLACE ({expression} AS is_contact) FROM ({EVENTS})")


def values():
    for column in ("cookie", "node", "event", "event_date"):
        for where, condition in (("first", "row = 1"), ("last", "row = 8"), ("every", "true")):
            yield f"a null in {column}, in the {where} row", clicks(
                f'SELECT * EXCLUDE (row) REPLACE (CASE WHEN {condition} THEN NULL ELSE "{column}" '
                f'END AS "{column}") FROM {ROWS}')
    for name, text in TIME_TEXTS.items():
        yield f"a time as text: {name}", replaced(
            "event_date", f"CASE WHEN cookie = 3 THEN '{text}' ELSE event_date::VARCHAR END")
    for name, expression in TIMES.items():
        for column in ("first", "last"):
            order = "min" if column == "first" else "max"
            yield f"a time {name}, the {column}", replaced(
                "event_date", f"CASE WHEN event_date = (SELECT {order}(event_date) FROM ({SMALL})) "
                f"THEN {expression} ELSE event_date END")
    for name, expression in IDS.items():
        yield f"an id: {name}", replaced(
            "cookie", f"CASE WHEN cookie = 3 THEN {expression} ELSE cookie END")
    for name, expression in TEXT_IDS.items():
        kind = "BLOB" if "BLOB" in expression else "VARCHAR"
        yield f"an id as text: {name}", replaced(
            "cookie", f"CASE WHEN cookie = 3 THEN {expression} ELSE cookie::VARCHAR::{kind} END")


def event_lists():
    """Wrong tables of events beside a good clickstream."""
    for name, query in {
            "no rows": f"{EVENTS} LIMIT 0",
            "no contact": 'SELECT 10::BIGINT AS "event", 0 AS is_contact',
            "only nulls for contacts": 'SELECT 10::BIGINT AS "event", NULL::INTEGER AS is_contact',
            "a null beside a contact": f"{EVENTS} UNION ALL SELECT 99, NULL",
            "a null event": f"{EVENTS} UNION ALL SELECT NULL, 0",
            "an event twice": f"{EVENTS} UNION ALL SELECT 10, 1",
            "contacts of 2": 'SELECT 10::BIGINT AS "event", 2 AS is_contact',
            "contacts that are no number": "SELECT 10::BIGINT AS \"event\", 'NaN'::DOUBLE AS "
                                           "is_contact",
            "contacts of one half": 'SELECT 10::BIGINT AS "event", 0.5::DOUBLE AS is_contact',
            "65,537 events": 'SELECT range AS "event", 1 AS is_contact FROM range(65537)',
            "events as text": "SELECT 'x' AS \"event\", 1 AS is_contact",
            "no column event": "SELECT 10::BIGINT AS event_id, 1 AS is_contact",
            "no column is_contact": 'SELECT 10::BIGINT AS "event"',
            "events that are in no row": 'SELECT 4711::BIGINT AS "event", 1 AS is_contact',
            "events above 63 bits":
                'SELECT 18446744073709551615::UBIGINT AS "event", 1 AS is_contact',
            "the clickstream": SMALL}.items():
        yield f"the events: {name}", clicks(SMALL, query)


def shapes():
    for column in ("cookie", "node", "event", "event_date"):
        yield f"no column {column}", clicks(f'SELECT * EXCLUDE ("{column}") FROM ({SMALL})')
        yield f"{column} in capitals", clicks(
            f'SELECT * RENAME ("{column}" AS "{column.upper()}") FROM ({SMALL})')
        yield f"{column} with a space", clicks(
            f'SELECT * RENAME ("{column}" AS "{column} ") FROM ({SMALL})')
    for name, query in {
            "no rows": f"{SMALL} LIMIT 0", "one row": f"{SMALL} LIMIT 1",
            "two rows": f"{SMALL} LIMIT 2",
            "one user": f"SELECT * FROM ({SMALL}) WHERE cookie = 1",
            "one item": f"SELECT * REPLACE (5::UINTEGER AS node) FROM ({SMALL})",
            "one time": f"SELECT * REPLACE (TIMESTAMP '2025-01-01' AS event_date) FROM ({SMALL})",
            "everything before the window": f"SELECT * FROM ({SMALL}) WHERE event_date < "
                                            "TIMESTAMP '2025-01-01 02:00:00'",
            "each row a thousand times": f"SELECT s.* FROM ({SMALL}) s, range(1000)",
            "a thousand columns more":
                f"SELECT *, {', '.join(f'{n} AS c{n}' for n in range(1000))} FROM ({SMALL})",
            "a column of a megabyte a row": f"SELECT *, repeat('x', 1000000) AS more FROM ({SMALL})",
            "columns in columns": f"SELECT *, [{{'a': [1, 2], 'b': MAP {{'x': [NULL]}}}}] AS more "
                                  f"FROM ({SMALL})",
            "a column named as SQL": f'SELECT *, 1 AS "\'; DROP TABLE x; --" FROM ({SMALL})',
            "a column without a name": f'SELECT *, 1 AS " " FROM ({SMALL})',
            "a column named in another script": f'SELECT *, 1 AS "колонка" FROM ({SMALL})'}.items():
        yield f"a clickstream of {name}", clicks(query)


def forms():
    """Other ways to write Parquet."""
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"):
        yield f"compressed by {codec}", clicks(SMALL, options=f"FORMAT parquet, COMPRESSION {codec}")
    for name, options in {
            "pages of version 2": "PARQUET_VERSION v2", "groups of 2,048 rows": "ROW_GROUP_SIZE 1",
            "no dictionary": "DICTIONARY_SIZE_LIMIT 1"}.items():
        yield f"written with {name}", clicks(
            f"SELECT s.* FROM ({SMALL}) s, range(1000)", options=f"FORMAT parquet, {options}")


def cases():
    for family in (types, values, event_lists, shapes, forms):
        yield from family()
