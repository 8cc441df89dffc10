"""The data path beside its peers: prints the tables of bench/README.md.

    make bench-data ROWS=1000000 REPEAT=5

It needs the packages of bench/requirements.txt and the two binaries that the
Makefile builds. Data and stores are written below BENCH_FOLDER (default: the
system's temporary folder).
"""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from measure import alternate, run

HERE = pathlib.Path(__file__).parent
API, OURS = str(HERE.parent / "bin/api"), str(HERE.parent / "bin/bench")
PEERS = [sys.executable, str(HERE / "peers.py")]


# The algorithm that the peers are compared with; the default, auto, also asks
# the linear model.
BOOSTING = '{"algorithm": "gradient_boosting"}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", type=int, help="only ours, under a cgroup limit of so many MB")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        data = f"{folder}/data.csv"
        # In a process of its own: what this one holds counts in its children's peaks.
        run([sys.executable, str(HERE / "generate.py"), str(args.rows), data])
        size = f"{args.rows:,} rows, {os.path.getsize(data) / 1e6:.0f} MB"
        if args.memory:
            limited(data, folder, size, args)
        else:
            compare(data, folder, size, args)


def compare(data, folder, size, args):
    fresh = (f"{folder}/{i}" for i in itertools.count())

    def peer(what, env=None):
        def go():
            place = next(fresh)
            os.mkdir(place)
            try:
                return run([*PEERS, what, data, place], env) if what[:4] != "read" else run([*PEERS, what, data], env)
            finally:
                shutil.rmtree(place)
        return go

    def ours(what, threads):
        return lambda: run([OURS, what, data, next(fresh)], {"GOMAXPROCS": str(threads)})

    alternate(f"CSV → typed columns, {size}", [
        ("ours, 1 thread", ours("read", 1)), ("ours, 2 threads", ours("read", 2)),
        ("pandas, C engine", peer("read-pandas")),
        ("polars, 1 thread", peer("read-polars", {"POLARS_MAX_THREADS": "1"})),
        ("polars, 2 threads", peer("read-polars", {"POLARS_MAX_THREADS": "2"})),
    ], args.repeat)
    alternate(f"Preprocessing, Parquet written, {size}", [
        ("ours", ours("preprocess", 2)), ("pandas + scikit-learn", peer("preprocess-sklearn")),
    ], args.repeat)
    champion = f"{folder}/champion"
    retrain(data, champion, BOOSTING)
    alternate(f"Whole retraining, {size}", [
        ("ours, no champion", lambda: retrain(data, next(fresh), BOOSTING)),
        ("ours, algorithm auto", lambda: retrain(data, next(fresh), "{}")),
        ("ours, with a champion", lambda: with_champion(data, champion, next(fresh))),
        ("pandas + scikit-learn", peer("retrain-sklearn")),
        ("polars + LightGBM quantized", peer("retrain-lightgbm")),
    ], args.repeat)
    with_s3(data, size, fresh, args)


def retrain(data, store, params, env=None, prefix=()):
    """One retraining; what it prints is the AUC on the holdout."""
    wall, cpu, memory, output = run([*prefix, API, "--log-level", "error", "--store", store, "--data-roots", os.path.dirname(data),
                                     "retrain", data, "--target", "target", "--params", params], env)
    return wall, cpu, memory, f"AUC {json.loads(output)['train']['metrics']['roc_auc']:.4f}"


def with_champion(data, champion, store):
    shutil.copytree(champion, store)
    return retrain(data, store, '{"algorithm": "gradient_boosting", "learning_rate": 0.11}')


def with_s3(data, size, fresh, args):
    """Data and store on an S3 server, beside the same in folders."""
    server = subprocess.Popen([OURS, "s3", data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    env = {"AWS_ENDPOINT_URL_S3": server.stdout.readline().strip(), "AWS_REGION": "us-east-1",
           "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "benchbench"}
    alternate(f"Whole retraining from S3, {size}", [
        ("from a file", lambda: retrain(data, next(fresh), BOOSTING)),
        ("from S3", lambda: retrain("s3://bench/data.csv", "s3://bench" + next(fresh), BOOSTING, env)),
    ], args.repeat)
    server.stdin.close()
    server.wait()


def limited(data, folder, size, args):
    """Under a memory limit, which counts the page cache too: systemd-run, as
    root or in a user session with cgroup v2."""
    prefix = ["systemd-run", "--quiet", "--scope", "-p", f"MemoryMax={args.memory}M", "-p", "MemorySwapMax=0"]
    if os.geteuid():
        prefix.insert(1, "--user")
    stores = (f"{folder}/{i}" for i in itertools.count())
    alternate(f"Whole retraining under {args.memory} MB, {size}", [
        ("ours", lambda: retrain(data, next(stores), BOOSTING, prefix=prefix)),
    ], args.repeat)


if __name__ == "__main__":
    main()
