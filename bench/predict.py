"""Predictions beside Python's: prints the tables of bench/README.md.

    make bench-predict REQUESTS=1000

One model of 100 trees with 31 leaves, trained on 20,000 rows of the benchmarks'
table, answers over one connection that is kept alive: POST /predict with 1, 100
and 10,000 records of 25 values, and POST /invocations with as many lines of CSV.
ONNX Runtime scores the same model file; scikit-learn and LightGBM fit one of their
own on the same rows. Each service runs alone; the CPU time is the server's, so
that of the client, which is the same for all, is in the latency only.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

from coldstart import OURS, cpu, ended, free_port, healthy
from measure import run

HERE = pathlib.Path(__file__).parent
PEER = [sys.executable, str(HERE / "services.py")]
MODELS = ["onnxruntime", "sklearn", "lightgbm"]
TRAINED, ROWS = 20_000, 10_000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1000)
    requests = parser.parse_args().requests
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        prepare(folder)
        bodies = requests_of(f"{folder}/rows.csv")
        services = {"ours": [OURS, "serve", "--store", f"{folder}/store", "--listen", "127.0.0.1:"]}
        services |= {f"FastAPI + {m}": [*PEER, "predict", m, folder, ""] for m in MODELS}
        taken = {}
        for name, command in services.items():
            print(f"measuring {name}", file=sys.stderr, flush=True)
            taken[name] = served(command, bodies, requests)
        for title, path, n in (b[:3] for b in bodies):
            print(f"\n**{title}, {path}**\n\n| | p50 ms | p99 ms | rows/s | CPU µs/row |\n|---|---|---|---|---|")
            for name, results in taken.items():
                walls, spent = results[title]
                p50, p99 = statistics.median(walls), sorted(walls)[len(walls) * 99 // 100]
                print(f"| {name} | {p50 * 1e3:.2f} | {p99 * 1e3:.2f} | {n / p50:,.0f} | {spent / n / len(walls) * 1e3:,.2f} |")
        print("\n**In process, from a table of pandas'**\n\n| | µs for one row | rows/s |\n|---|---|---|")
        for model in MODELS:
            one, many = run([*PEER, "inprocess", model, folder])[3].split()
            print(f"| {model} | {one} | {int(many):,} |", flush=True)


def prepare(folder):
    """Makes the rows to train on and to score, and our model."""
    run([sys.executable, str(HERE / "generate.py"), str(TRAINED + ROWS), f"{folder}/all.csv"])
    with open(f"{folder}/all.csv") as table:
        header, *rows = table.read().splitlines()
    pathlib.Path(f"{folder}/train.csv").write_text("\n".join([header, *rows[:TRAINED], ""]))
    cut = [line.rpartition(",")[0] for line in [header, *rows[TRAINED:]]]
    pathlib.Path(f"{folder}/rows.csv").write_text("\n".join([*cut, ""]))
    run([OURS, "retrain", f"{folder}/train.csv", "--target", "target", "--store", f"{folder}/store", "--data-roots", folder,
         "--params", '{"algorithm":"gradient_boosting","max_iter":100,"early_stopping":false}'])
    os.link(f"{folder}/store/models/default/latest/model.onnx", f"{folder}/model.onnx")


def requests_of(path):
    """Returns (title, path, rows, content type, bodies) of each kind of request.
    Bodies differ, so that nobody answers from memory."""
    header, *lines = pathlib.Path(path).read_text().splitlines()
    names = header.split(",")
    records = [{n: (v if n[0] == "c" else float(v) if v else None) for n, v in zip(names, line.split(","))} for line in lines]
    kinds = []
    for n in 1, 100, ROWS:
        starts = random.Random(1).sample(range(0, ROWS - n + 1), min(200, ROWS - n + 1))
        kinds.append((f"{n:,} record{'s' * (n > 1)}", "/predict", n, "application/json",
                      [json.dumps({"records": records[s : s + n]}) for s in starts]))
        kinds.append((f"{n:,} line{'s' * (n > 1)} of CSV", "/invocations", n, "text/csv",
                      ["\n".join([header, *lines[s : s + n], ""]) for s in starts]))
    return kinds


def served(command, bodies, requests):
    """Returns for each kind of request the seconds that each took, and the
    server's milliseconds of CPU for all of them."""
    port = free_port()
    command = [*command[:-1], command[-1] + str(port)]
    results = {}
    with ended(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)) as server:
        healthy(port, server)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            for title, path, n, form, texts in bodies:
                repeat = max(10, requests // n)
                ask(connection, path, form, texts, min(20, repeat))  # nobody is cold
                before = cpu(server.pid)
                results[title] = ask(connection, path, form, texts, repeat), cpu(server.pid) - before
    return results


def ask(connection, path, form, texts, repeat):
    walls = []
    for i in range(repeat):
        body = texts[i % len(texts)].encode()
        start = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": form})
        answer = connection.getresponse()
        said = answer.read()
        walls.append(time.perf_counter() - start)
        assert answer.status == 200, said[:500]
    return walls


if __name__ == "__main__":
    main()
