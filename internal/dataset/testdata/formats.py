"""The golden files of every format, encoding and Parquet type that we read.

usage: formats.py DIRECTORY. Needs pyarrow and duckdb of test/requirements.txt;
golden_formats_test.go says what the files hold. table* are one table, types*
another.
"""
import datetime as dt
import decimal
import gzip
import json
import pathlib
import sys
import uuid

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
names = ["id", "price", "city", "open", "day"]
rows = [
    [1, 1234.5, "Zürich", True, "2024-02-09"],
    [2, 0.25, "Málaga; Spain", False, "1969-12-31"],
    [3, None, "Straße, 5", True, None],
    [4, 1000000.75, None, None, "2000-01-01"],
    [5, -12.5, "Zürich", False, "2024-02-29"],
    [6, 7.0, 'the "Île"', True, "2024-12-31"],
]


def text(delimiter=",", decimal_sign=".", thousands=""):
    def cell(v):
        if v is None:
            return ""
        if isinstance(v, float):
            v = f"{v:{',' if thousands else ''}.2f}".replace(",", "t").replace(".", decimal_sign).replace("t", thousands)
        v = str(v)
        return '"' + v.replace('"', '""') + '"' if any(c in v for c in (delimiter, '"')) else v

    return "".join(delimiter.join(map(cell, row)) + "\n" for row in [names, *rows])


plain = text().encode()
lines = "".join(json.dumps({k: v for k, v in zip(names, row) if v is not None}, ensure_ascii=row[0] % 2 == 0) + "\n" for row in rows)
for name, data in {
    "table.csv": plain,
    "table-bom.csv": b"\xef\xbb\xbf" + plain,
    "table.tsv": text("\t").encode(),
    "table-bar.csv": text("|").encode(),
    "table-decimal-comma.csv": text(";", ",").encode(),
    "table-thousands.csv": text(",", ".", ",").encode(),
    "table-thousands-points.csv": text(";", ",", ".").encode(),
    "table-thousands-blanks.csv": text(";", ",", "\u00a0").encode(),
    "table-utf-16le.csv": text().encode("utf-16-le"),
    "table-utf-16le-bom.csv": b"\xff\xfe" + text().encode("utf-16-le"),
    "table-utf-16be.csv": text().encode("utf-16-be"),
    "table-utf-16be-bom.csv": b"\xfe\xff" + text().encode("utf-16-be"),
    "table-windows-1252.csv": text().encode("windows-1252"),
    "table-latin-1.csv": text().encode("latin-1"),
    "table.jsonl": lines.encode(),
    "table.csv.gz": gzip.compress(plain, mtime=0),
    "table.csv.zst": pa.Codec("zstd").compress(plain, asbytes=True),
}.items():
    (folder / name).write_bytes(data)


def days(values):
    return [v and dt.date.fromisoformat(v) for v in values]


whole = pa.table({
    "id": pa.array([r[0] for r in rows], pa.int64()),
    "price": pa.array([r[1] for r in rows], pa.float64()),
    "city": pa.array([r[2] for r in rows], pa.string()),
    "open": pa.array([r[3] for r in rows], pa.bool_()),
    "day": pa.array(days(r[4] for r in rows), pa.date32()),
})
small = dict(compression="none", store_schema=False)
pq.write_table(whole, folder / "table.parquet", **small)
# Files of one table, as they may come out of several jobs: with other widths,
# with a column that has no value and so no type, and in another order.
narrow = whole.slice(2, 1).cast(pa.schema([("id", pa.int32()), ("price", pa.float32()), *list(whole.schema)[2:]]))
void = whole.slice(3, 1).set_column(2, "city", pa.array([None], pa.null()))
for i, part in enumerate([whole.slice(0, 2), narrow, void, whole.slice(4, 2).select(names[::-1])]):
    pq.write_table(part, folder / f"part-{i}.parquet", **small)

D, when = decimal.Decimal, dt.datetime(2024, 2, 9, 17, 30, 5, 250000)
three = lambda a, b: [a, None, b]
types = {
    "flag": pa.array(three(True, False), pa.bool_()),
    "i8": pa.array(three(-128, 127), pa.int8()),
    "u16": pa.array(three(0, 65535), pa.uint16()),
    "i32": pa.array(three(-(2**31), 2**31 - 1), pa.int32()),
    "u64": pa.array(three(1, 2**64 - 2048), pa.uint64()),
    "i64": pa.array(three(-(2**53), 2**53), pa.int64()),
    "f16": pa.array(three(np.float16(0.5), np.float16(-2)), pa.float16()),
    "f32": pa.array(three(0.25, -1.5), pa.float32()),
    "f64": pa.array(three(0.1, -1e300), pa.float64()),
    "dec9": pa.array(three(D("-0.01"), D("1234567.89")), pa.decimal128(9, 2)),
    "dec38": pa.array(three(D("12345678901234567890.1234567890"), D("-1.5")), pa.decimal128(38, 10)),
    "date": pa.array(three(when.date(), dt.date(1969, 12, 31)), pa.date32()),
    "clock": pa.array(three(when.time(), dt.time(0, 0, 1)), pa.time64("us")),
    "ms": pa.array(three(when, dt.datetime(1969, 12, 31)), pa.timestamp("ms")),
    "us": pa.array(three(when, dt.datetime(1, 1, 1)), pa.timestamp("us", "UTC")),
    "ns": pa.array(three(when, dt.datetime(1970, 1, 2)), pa.timestamp("ns")),
    "text": pa.array(three("ü", "a text"), pa.string()),
}
table = pa.table(types)
pq.write_table(table, folder / "types.parquet", **small)
pq.write_table(table, folder / "types-v2.parquet", data_page_version="2.0", **{**small, "compression": "snappy"})
pq.write_table(table, folder / "types-lz4.parquet", use_dictionary=False, **{**small, "compression": "lz4"})
pq.write_table(table.select(["ms", "us", "ns"]), folder / "types-int96.parquet", use_deprecated_int96_timestamps=True, **small)
encodings = {n: "DELTA_BINARY_PACKED" for n in ["i8", "u16", "i32", "u64", "i64", "date", "clock", "ms", "us", "ns"]}
encodings |= {n: "BYTE_STREAM_SPLIT" for n in ["f16", "f32", "f64", "dec9"]} | {"text": "DELTA_BYTE_ARRAY", "dec38": "DELTA_BYTE_ARRAY"}
pq.write_table(table, folder / "types-delta.parquet", use_dictionary=False, column_encoding=encodings, **small)
pq.write_table(table.select(["text"]), folder / "types-delta-length.parquet", use_dictionary=False, column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY"}, **small)

db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
db.register("whole", whole)
db.register("types", pa.table({n: types[n] for n in types if n not in ("f16", "ns")} | {"uuid": pa.array(three(str(uuid.UUID(int=1)), str(uuid.UUID(int=2**127)))), "kind": pa.array(three("x", "y")), "json": pa.array(three('{"a":1}', "[2]"))}))
db.execute("CREATE TYPE kind AS ENUM ('y', 'x')")
db.execute(f"COPY whole TO '{folder}/table-duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)")
db.execute(f"COPY (SELECT * REPLACE (uuid::UUID AS uuid, kind::kind AS kind, json::JSON AS json) FROM types) TO '{folder}/types-duckdb.parquet' (FORMAT parquet, COMPRESSION lz4_raw)")
