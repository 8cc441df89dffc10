"""What pandas and pyarrow make of our Parquet, and Parquet of theirs for us.

usage: pandas_check.py DIRECTORY, which holds table.csv and table.parquet, as
the test wrote them. It compares the two, then writes the table to
foreign-*.parquet in the forms that pandas users choose.
"""
import pathlib
import sys

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
ours = pq.ParquetFile(folder / "table.parquet")
assert ours.metadata.metadata == {b"retrain.run_id": b"r-1"}, ours.metadata.metadata

# Every row group is of one side, and its statistics say so.
marker = ours.schema_arrow.get_field_index("__holdout")
for i in range(ours.num_row_groups):
    group = ours.metadata.row_group(i)
    side = group.column(marker).statistics
    values = ours.read_row_group(i, columns=["__holdout"])["__holdout"].unique()
    assert len(values) == 1 and values[0].as_py() == side.min == side.max, (i, values, side)
    for j in range(group.num_columns):
        column = group.column(j)
        cells = ours.read_row_group(i).column(j)
        assert column.statistics.null_count == cells.null_count, (i, j)
        if column.statistics.has_min_max and cells.null_count < len(cells):
            low, high = pa.compute.min_max(cells).as_py().values()
            assert (column.statistics.min, column.statistics.max) == (low, high), (i, j)

frame = pd.read_parquet(folder / "table.parquet")
csv = pd.read_csv(folder / "table.csv")
csv["at"] = pd.to_datetime(csv["at"], format="ISO8601").astype("datetime64[us]")
assert str(frame.dtypes["at"]) == "datetime64[us]" and frame.dtypes["flag"] == bool, frame.dtypes
assert list(frame.columns) == [*csv.columns, "__holdout"], frame.columns
holdout = frame.pop("__holdout")
# Even rows are the training side; both sides keep the order of their rows.
frame = pd.concat([frame[~holdout], frame[holdout]], ignore_index=True)
csv = pd.concat([csv.iloc[::2], csv.iloc[1::2]], ignore_index=True)
pd.testing.assert_frame_equal(frame, csv, check_exact=True)
# DuckDB sees the same types and values.
duck = duckdb.sql(f"SELECT * EXCLUDE __holdout FROM '{folder}/table.parquet' ORDER BY __holdout, file_row_number")
types = dict(zip(duck.columns, map(str, duck.types)))
assert (types["at"], types["flag"], types["whole"], types["text"]) == ("TIMESTAMP", "BOOLEAN", "BIGINT", "VARCHAR"), types
pd.testing.assert_frame_equal(duck.df().fillna({"category": ""}), csv.fillna({"category": ""}), check_dtype=False, check_exact=True)
# The filter of a pandas user.
only = pd.read_parquet(folder / "table.parquet", filters=[("__holdout", "==", True)])
assert len(only) == holdout.sum()

for name, options in {
    "default": {},
    "zstd": {"compression": "zstd"},
    "gzip": {"compression": "gzip"},
    "none": {"compression": None},
    "plain": {"use_dictionary": False},
    "v2": {"data_page_version": "2.0", "data_page_size": 2000},
    "split": {"use_dictionary": False, "use_byte_stream_split": ["real"]},
    "small": {"row_group_size": 700, "data_page_size": 300, "write_page_checksum": True},
}.items():
    csv.to_parquet(folder / f"foreign-{name}.parquet", **options)
print(f"pandas {pd.__version__}, pyarrow {pa.__version__}: {len(csv)} rows agree")
