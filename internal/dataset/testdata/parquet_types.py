"""Parquet files with every type that we read, as pyarrow and DuckDB write them.

usage: parquet_types.py DIRECTORY. It writes *.parquet, and expected.json: for
each column its kind and its values as pandas or Python have them, null where
missing; times are in seconds since 1970.
"""
import datetime as dt
import decimal
import json
import pathlib
import sys
import uuid

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
N = 500
D = decimal.Decimal
rng = np.random.default_rng(3)
whole = rng.integers(-(2**31), 2**31, N).tolist()
stamps = [dt.datetime(2024, 2, 9, 17, 30) + dt.timedelta(seconds=v, microseconds=v * v % 10**6) for v in whole]


def gaps(values):
    return [None if i % 7 == 3 else v for i, v in enumerate(values)]


def seconds(when):
    if not isinstance(when, dt.datetime):
        when = dt.datetime(when.year, when.month, when.day)
    delta = when.replace(tzinfo=None) - dt.datetime(1970, 1, 1)
    return delta.days * 86400 + delta.seconds + delta.microseconds / 1e6


columns = {  # name: kind, Arrow type, values, how a value reads
    "flag": ("boolean", pa.bool_(), [v % 3 == 0 for v in whole], bool),
    "i8": ("integer", pa.int8(), [v % 256 - 128 for v in whole], float),
    "i16": ("integer", pa.int16(), [v % 65536 - 32768 for v in whole], float),
    "u8": ("integer", pa.uint8(), [v % 256 for v in whole], float),
    "u32": ("integer", pa.uint32(), [v + 2**31 for v in whole], float),
    "u64": ("float", pa.uint64(), [2**63 + v for v in whole], float),
    "i64": ("integer", pa.int64(), [v * 9 for v in whole], float),
    "f16": ("float", pa.float16(), [np.float16(v / 2**20) for v in whole], float),
    "f32": ("float", pa.float32(), [float(np.float32(v / 7)) for v in whole], float),
    "dec9": ("float", pa.decimal128(9, 2), [D(v % 10**9).scaleb(-2) - 1000 for v in whole], float),
    "dec18": ("float", pa.decimal128(18, 6), [D(v * 10**8).scaleb(-6) for v in whole], float),
    "dec38": ("float", pa.decimal128(38, 10), [D(v * 10**20 + v).scaleb(-10) for v in whole], float),
    "dec0": ("integer", pa.decimal128(12, 0), [D(v) for v in whole], float),
    "day": ("datetime", pa.date32(), [w.date() for w in stamps], seconds),
    "ms": ("datetime", pa.timestamp("ms"), [w.replace(microsecond=w.microsecond // 1000 * 1000) for w in stamps], seconds),
    "us": ("datetime", pa.timestamp("us"), stamps, seconds),
    "ns": ("datetime", pa.timestamp("ns", "UTC"), [w.replace(tzinfo=dt.timezone.utc) for w in stamps], seconds),
    "clock": ("float", pa.time64("us"), [w.time() for w in stamps],
              lambda v: (v.hour * 3600 + v.minute * 60 + v.second) + v.microsecond / 1e6),
    "text": ("text", pa.string(), [f"prefix {v % 50} ü" for v in whole], str),
    "large": ("text", pa.large_string(), [f"prefix {v % 9}" for v in whole], str),
    "nothing": ("empty", pa.null(), [None] * N, str),
}
arrays = {name: pa.array(gaps(values), type=kind) for name, (_, kind, values, _) in columns.items()}
expected = {}


def write(file, names, **options):
    table = pa.table({name: arrays[name] for name in names})
    pq.write_table(table, folder / f"{file}.parquet", **options)
    expected[file] = [
        {"name": n, "kind": columns[n][0], "values": [None if v is None else columns[n][3](v) for v in gaps(columns[n][2])]} for n in names
    ]


everything = list(columns)
for codec in ["none", "snappy", "gzip", "zstd", "lz4"]:
    write(f"codec-{codec}", everything, compression=codec, write_page_checksum=True)
write("plain", everything, use_dictionary=False)
write("v2", everything, data_page_version="2.0", data_page_size=500)
write("v1.0", [n for n in everything if n not in ("f16", "ns")], version="1.0")
write("decimals-as-integers", everything, store_decimal_as_integer=True)
write("int96", ["us", "ns"], use_deprecated_int96_timestamps=True)
integers = ["i8", "i16", "u8", "u32", "u64", "i64", "day", "ms", "us", "ns"]
texts = ["text", "large"]
for encoding, names in {
    "DELTA_BINARY_PACKED": integers,
    "DELTA_BYTE_ARRAY": texts + ["dec38"],
    "DELTA_LENGTH_BYTE_ARRAY": texts,
    "BYTE_STREAM_SPLIT": integers[3:] + ["f16", "f32", "dec38"],
}.items():
    write(encoding, names, use_dictionary=False, column_encoding={n: encoding for n in names})

ids = [str(uuid.UUID(int=(v + 2**31) ** 3)) for v in whole]
db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
db.register("arrow", pa.table({**{n: arrays[n] for n in everything if n not in ("f16", "nothing", "ns")}, "id": pa.array(gaps(ids))}))
for codec in ["snappy", "zstd", "lz4_raw"]:
    file = f"duckdb-{codec}"
    db.execute(f"COPY (SELECT * REPLACE (id::UUID AS id) FROM arrow) TO '{folder}/{file}.parquet' (FORMAT parquet, COMPRESSION {codec}, PARQUET_VERSION V{2 if codec == 'zstd' else 1})")
    expected[file] = [c for c in expected["plain"] if c["name"] not in ("f16", "nothing", "ns")] + [{"name": "id", "kind": "text", "values": gaps(ids)}]
(folder / "expected.json").write_text(json.dumps(expected))
