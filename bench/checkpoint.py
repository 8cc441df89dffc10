"""What a long training loses by being divided into calls: prints the table of
bench/README.md.

    make bench-checkpoint ROWS=200000

The function runs in the emulator of Lambda's Runtime API, whose deadline is the
budget of a call. /train is asked with on_deadline checkpoint, and again with
its answer, until it is done. A round of that loop loses what it does not spend
on trees: reading data and checkpoint again, saving, and what is left of the
budget at the end. Trees are counted at the speed of an undivided training of
the same data, which the row without a budget is.
"""

import argparse
import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
OURS, EMULATOR = str(HERE.parent / "bin/api"), str(HERE.parent / "bin/lambdaemu")
PARAMS = {"algorithm": "gradient_boosting", "max_iter": 4000, "max_leaf_nodes": 63}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--budgets", default="5,10,20", help="seconds, with commas between")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data.csv"
        subprocess.run([sys.executable, str(HERE / "generate.py"), str(args.rows), data], check=True)
        with function(folder, 900) as invoke:
            prepared = invoke("/preprocess", {"data_path": data, "target": "target", "model_params": PARAMS})
            start = time.monotonic()
            undivided = invoke("/train", {**prepared, "run_id": "undivided"})
            whole = time.monotonic() - start
            start = time.monotonic()
            invoke("/train", {**prepared, "run_id": "reading", "model_params": {**PARAMS, "max_iter": 1}})
            fixed = time.monotonic() - start
        trees = PARAMS["max_iter"]
        speed = (whole - fixed) / (trees - 1)
        print(f"\n**{args.rows} rows, {trees} trees: {whole:.1f} s undivided, of which {fixed:.1f} s are not for trees**\n")
        print("| budget s | calls | s in all | lost in a round, s | of the budget | of 900 s |\n|---|---|---|---|---|---|")
        for budget in (float(b) for b in args.budgets.split(",")):
            rounds, took, digest = divided(folder, prepared, budget)
            if digest != undivided["model_sha256"]:
                raise SystemExit(f"with a budget of {budget} s the model is another one")
            lost = [budget - done * speed for done in rounds]
            mean = sum(lost) / len(lost)
            print(f"| {budget:g} | {len(rounds) + 1} | {took:.1f} | {mean:.2f} | {mean / budget:.1%} | {mean / 900:.1%} |", flush=True)


def divided(folder, request, budget):
    """Trains in calls; returns the trees of each but the last, the seconds of
    all, and the model's digest."""
    rounds, done, start = [], 0, time.monotonic()
    request = {**request, "run_id": f"budget-{budget:g}", "on_deadline": "checkpoint"}
    with function(folder, budget) as invoke:
        while True:
            answer = invoke("/train", request)
            if answer.get("errorType") == "Retrain.DeadlineExceeded" and rounds[-1:] != [0]:
                rounds.append(0)  # the state machine asks again, too
                continue
            if answer["status"] == "success":
                return rounds, time.monotonic() - start, answer["model_sha256"]
            rounds.append(answer["checkpoint"]["trees_done"] - done)
            done, request = answer["checkpoint"]["trees_done"], answer


@contextlib.contextmanager
def function(folder, budget):
    """The function in the emulator, with so many seconds for each invocation."""
    command = [EMULATOR, "-env", f"RETRAIN_STORE={folder}/store", "-env", f"RETRAIN_DATA_ROOTS={folder}", "-timeout", f"{budget}s", "--", OURS]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = child.stdout.readline().strip().removeprefix("http://")

    def invoke(path, body):
        connection = http.client.HTTPConnection(address)
        connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps({"path": path, "body": body}))
        answer = connection.getresponse()
        text = answer.read()
        told = json.loads(text)
        if answer.status != 200 or told.get("errorType", "Retrain.DeadlineExceeded") != "Retrain.DeadlineExceeded":
            raise SystemExit(f"{path}: {text.decode()[:500]}")
        return told

    try:
        yield invoke
    finally:
        child.stdin.close()
        child.wait()


if __name__ == "__main__":
    main()
