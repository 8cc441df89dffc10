"""Scores pandas and DuckDB, beside ours, on the polluted tables of bench/dirt.

    python bench/pollution.py      (needs go; prints the table of bench/README.md)

A cell is right if its row is found by its identifier and its value is the one
that was written, blanks aside. A row that is missing is `reported` if the reader
refuses the file or rejects the row by name; a reader that drops rows without a
word loses them (`lost`). Any other cell is `wrong`.
"""

import collections
import json
import math
import subprocess
import sys
import tempfile

import duckdb
import pandas as pd


def pandas_c(path):
    return pd.read_csv(path), 0


def pandas_skip(path):
    return pd.read_csv(path, engine="python", on_bad_lines="skip"), 0


def duckdb_auto(path):
    return duckdb.sql(f"select * from read_csv('{path}')").df(), 0


def duckdb_rejects(path):
    with duckdb.connect(":memory:") as db:
        table = db.sql(f"select * from read_csv('{path}', store_rejects=true)").df()
        return table, len(db.sql("select distinct line from reject_errors").df())


READERS = {"pandas": pandas_c, "pandas, bad lines skipped": pandas_skip,
           "DuckDB": duckdb_auto, "DuckDB, rejects stored": duckdb_rejects}


def spell(value):
    """Writes equal values alike: numbers, booleans and dates too."""
    if value is None or value is pd.NaT or isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    text = str(value).strip()
    if text.lower() in ("true", "yes", "false", "no"):
        return "yes" if text.lower() in ("true", "yes") else "no"
    if text in ("NA", "None", "NULL", "nan"):
        return ""
    try:
        return repr(float(text))
    except ValueError:
        return text


def score(read, table, path):
    names, rows = table["Names"], table["Rows"]
    cells = len(rows) * len(names)
    try:
        frame, rejected = read(path)
    except Exception:  # whatever a reader raises, it has refused the file
        return dict(right=0, reported=cells, lost=0, wrong=0)
    written = {spell(row[0]): [spell(c) for c in row] for row in rows}
    right = wrong = 0
    for row in frame.reset_index(drop=True).itertuples(index=False):
        row = [spell(c) for c in row]
        want = written.pop(row[0], [])
        hits = sum(a == b for a, b in zip(row, want))
        right, wrong = right + hits, wrong + max(len(row), len(want)) - hits
    reported = min(rejected, len(written))
    return dict(right=right, reported=reported * len(names), lost=(len(written) - reported) * len(names), wrong=wrong)


def main():
    total = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["go", "run", "./bench/dirtfiles", "examples", folder], check=True)
        made = json.load(open(f"{folder}/files.json"))
        tables = {t["Name"]: t for t in made["tables"]}
        for file in made["files"]:
            ours, table = file["ours"], tables[file["ours"]["table"]]
            total["ours", ours["pollution"]].update({k: ours[k] for k in ("cells", "right", "reported", "lost", "wrong")})
            for name, read in READERS.items():
                total[name, ours["pollution"]].update(score(read, table, file["path"]))
    readers = ["ours", *READERS]
    print("| pollution |", " | ".join(readers), "|\n|" + "---|" * (len(readers) + 1))
    sums = collections.defaultdict(collections.Counter)
    for pollution in dict.fromkeys(p for _, p in total):
        cells, line = total["ours", pollution]["cells"], []
        for name in readers:
            line.append(cell(total[name, pollution], cells))
            sums[name].update(total[name, pollution])
        print(f"| {pollution} |", " | ".join(line), "|")
    print("| **all** |", " | ".join(cell(sums[n], sums["ours"]["cells"]) for n in readers), "|")


def cell(s, cells):
    percent = " / ".join(f"{100 * s[k] / cells:.1f}" for k in ("right", "reported", "lost"))
    return f"{percent} / **{s['wrong']}**"


if __name__ == "__main__":
    sys.exit(main())
