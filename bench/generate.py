"""Writes the table of the benchmarks: 20 numbers and 5 categories, missing
values, and a binary target with a nonlinear signal. It is written in chunks, so
that any number of rows needs little memory, and is the same for the same rows.

    python bench/generate.py ROWS FILE.csv      (needs numpy and pandas)
"""

import sys

import numpy as np
import pandas as pd

CHUNK = 100_000


def chunk(number, rows):
    rng = np.random.default_rng([1, number])
    columns = {f"n{i}": rng.normal(size=rows).round(4) for i in range(20)}
    for i in range(5):
        columns[f"c{i}"] = rng.choice([f"v{j}" for j in range(8 * (i + 1))], rows)
    table = pd.DataFrame(columns)
    signal = (
        table.n0 * table.n1 + np.sin(2 * table.n2) + 0.5 * table.n4**2
        + 1.2 * (table.c0 == "v1") - 0.9 * (table.c3 == "v5")
    )
    table["target"] = (signal + rng.logistic(size=rows) > 0.6).astype(int)
    for i in range(5):
        table.loc[rng.random(rows) < 0.05, f"n{i}"] = np.nan
    return table


def write(rows, path):
    with open(path, "w", newline="") as out:
        for number, first in enumerate(range(0, rows, CHUNK)):
            chunk(number, min(CHUNK, rows - first)).to_csv(out, index=False, header=first == 0)


if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2])
