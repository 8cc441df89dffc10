"""The learners beside their peers: prints the tables of bench/README.md.

    make bench-learners ROWS=100000,1000000 REPEAT=5

Parameters are equal: 100 trees, 31 leaves, 255 bins, learning rate 0.1, L2 1,
20 rows a leaf, two threads. The wall time is the fit's, binning counted, without
reading the arrays; CPU and memory are the whole process's. With `--worker` this script
is one such process.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

from measure import alternate, run

HERE = pathlib.Path(__file__).parent
OURS = str(HERE.parent / "bin/bench")
SETS = {"churn.csv": ("churn", "binary"), "california_housing.csv.gz": ("median_house_value", "regression"),
        "shuttle.csv.gz": ("Class", "multiclass")}
LINEAR = ["california_housing.csv.gz", "shuttle.csv.gz"]
PEERS = ["lightgbm", "lightgbm-quantized", "xgboost", "sklearn"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default="8000,80000")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--worker", nargs=2)
    args = parser.parse_args()
    if args.worker:
        return work(*args.worker)
    names = [f"synthetic-{rows}" for rows in args.rows.split(",")] + list(SETS)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as root:
        for name in names:
            compare(name, f"{root}/{name}", "boost", PEERS, args.repeat)
        for name in names[len(args.rows.split(",")) - 1], *LINEAR:
            compare(f"linear-{name}", f"{root}/linear-{name}", "linear", ["linear"], args.repeat)


def compare(name, folder, learner, peers, repeat):
    os.mkdir(folder)
    worker(f"make:{name}", folder)

    def ours(threads):
        def go():
            _, cpu, memory, output = run([OURS, learner, folder], {"GOMAXPROCS": threads})
            result = json.loads(output)
            return result["fit"], cpu, memory, describe(result, folder)
        return go

    def peer(what):
        def go():
            _, cpu, memory, output = worker(what, folder)
            result = json.loads(output)
            return result["fit"], cpu, memory, describe(result, folder)
        return go

    alone = [("ours, 1 thread", ours("1"))] if learner == "linear" else []
    alternate(name, [("ours", ours("2"))] + alone + [(p, peer(p)) for p in peers], repeat)
    if learner == "boost":
        for threads in "1", "2":
            timed = json.loads(run([OURS, learner, folder], {"GOMAXPROCS": threads})[3])
            print(f"\nScoring with {threads} threads, rows/s and µs for one row: ours {speed(timed)}", end="")
            for p in "lightgbm", "onnxruntime":
                print(f"; {p} {speed(json.loads(worker(p + ':' + threads, folder)[3]))}", end="", flush=True)
        print()


def worker(what, folder):
    return run([sys.executable, __file__, "--worker", what, folder])


def describe(result, folder):
    text = ""
    if "objective" in result:
        text += f"{result['fit_cpu']:.2f} CPU s, objective {result['objective']:.2f}, "
    if "alone" in result:
        text += f"without the pipeline {result['alone']:.2f} CPU s, "
    return text + worker("score", folder)[3]


def speed(result):
    return f"{result['rows_per_second']:,.0f}, {result['row_us']:.0f}"


# What follows runs in processes of its own.


def work(what, folder):
    import numpy as np

    what, _, detail = what.partition(":")
    if what == "make":
        return make(detail, folder)
    meta = json.load(open(f"{folder}/meta.json"))
    width = len(meta["Kinds"])
    x, tx = (np.fromfile(f"{folder}/{f}").reshape(-1, width) for f in ("x", "tx"))
    y = np.fromfile(f"{folder}/y")
    if what == "score":
        return print(scores(np.fromfile(f"{folder}/p"), np.fromfile(f"{folder}/ty"), meta["Task"]))
    if what == "onnxruntime":
        return print(json.dumps(score_onnx(f"{folder}/model.onnx", tx, int(detail or 2))))
    fit, predict = fitted(what, meta, x, y, int(detail or 2))
    p = predict(tx)
    p.astype("<f8").tofile(f"{folder}/p")
    print(json.dumps({**(fit if isinstance(fit, dict) else {"fit": fit}), **timed(predict, tx)}))


def make(name, folder):
    """Writes the arrays of a set: every fifth row is scored, the others train."""
    import numpy as np
    import pandas as pd

    source = name.removeprefix("linear-")
    if source.startswith("synthetic"):
        import generate

        rows = int(source.split("-")[1]) * 5 // 4
        table = pd.concat(generate.chunk(n, min(generate.CHUNK, rows - first))
                          for n, first in enumerate(range(0, rows, generate.CHUNK)))
        target, task = "target", "binary"
    else:
        target, task = SETS[source]
        table = pd.read_csv(HERE.parent / "examples" / source)
    y = table.pop(target)
    y = y.to_numpy(float) if task == "regression" else pd.factorize(y, sort=True)[0].astype(float)
    kinds, x = [], np.empty(table.shape)
    for j, column in enumerate(table):
        number = pd.api.types.is_numeric_dtype(table[column])
        codes, levels = (None, ()) if number else pd.factorize(table[column].fillna(""), sort=True)
        x[:, j] = table[column] if number else codes
        kinds.append(len(levels))
    held, scaling = np.arange(len(y)) % 5 == 0, {}
    if source != name:  # linear: as our recipes and scikit-learn's pipelines fill and scale
        means = np.nanmean(x[~held], axis=0)
        x = np.where(np.isnan(x), means, x)
        scaling = {"Means": means.tolist(), "Scales": x[~held].std(axis=0).tolist()}
    for file, values in (("x", x[~held]), ("y", y[~held]), ("tx", x[held]), ("ty", y[held])):
        np.ascontiguousarray(values, "<f8").tofile(f"{folder}/{file}")
    classes = 0 if task == "regression" else int(y.max()) + 1
    json.dump({"Kinds": kinds, "Task": task, "Classes": classes, **scaling}, open(f"{folder}/meta.json", "w"))


def linear(meta, x, y):
    """Times scikit-learn's usual pipeline, at a tolerance that finds the same
    optimum, and its fit alone."""
    import time

    import numpy as np
    from scipy.special import logsumexp
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    regression = meta["Task"] == "regression"
    texts = [j for j, k in enumerate(meta["Kinds"]) if k]
    numbers = [j for j, k in enumerate(meta["Kinds"]) if not k]
    start, cpu = time.monotonic(), time.process_time()
    prepare = make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts))
    inputs = prepare.fit_transform(x)
    alone = time.process_time()
    model = Ridge(alpha=1) if regression else LogisticRegression(C=1, max_iter=10_000, tol=1e-6)
    model.fit(inputs, y)
    done, took = time.process_time(), time.monotonic() - start
    if regression:
        loss = ((model.predict(inputs) - y) ** 2).sum() / 2
    else:
        z = inputs @ model.coef_.T + model.intercept_
        z = z if z.shape[1] > 1 else np.hstack([np.zeros_like(z), z])
        loss = (logsumexp(z, axis=1) - z[np.arange(len(y)), y.astype(int)]).sum()
    taken = {"fit": took, "fit_cpu": done - cpu, "alone": done - alone, "objective": loss + (model.coef_**2).sum() / 2}
    predict = model.predict if regression else model.predict_proba
    return taken, lambda t: predict(prepare.transform(t))


def fitted(what, meta, x, y, threads):
    """Returns the seconds of fitting, or what else there is to say of it with
    them, and a function that scores."""
    import time

    import numpy as np

    texts = [j for j, k in enumerate(meta["Kinds"]) if k]
    objective = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}[meta["Task"]]
    classes = meta["Classes"]
    if what.startswith("lightgbm"):
        import lightgbm as lgb

        params = dict(objective=objective, num_leaves=31, max_bin=255, lambda_l2=1, min_sum_hessian_in_leaf=1, num_threads=threads,
                      verbose=-1, use_quantized_grad=what.endswith("quantized"), **({"num_class": classes} if classes > 2 else {}))
        start = time.monotonic()
        model = lgb.train(params, lgb.Dataset(x, y, categorical_feature=texts), 100)
        return time.monotonic() - start, lambda t: model.predict(t, num_threads=threads)
    if what == "xgboost":
        import xgboost as xgb

        goal = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}[objective]
        params = dict(objective=goal, tree_method="hist", grow_policy="lossguide", max_leaves=31, max_depth=0, max_bin=256,
                      eta=0.1, reg_lambda=1, nthread=threads, **({"num_class": classes} if classes > 2 else {}))
        types = ["c" if j in texts else "q" for j in range(x.shape[1])]
        matrix = lambda t, y=None: xgb.DMatrix(t, y, feature_types=types, enable_categorical=True)  # noqa: E731
        start = time.monotonic()
        model = xgb.train(params, xgb.QuantileDMatrix(x, y, feature_types=types, enable_categorical=True, max_bin=256), 100)
        return time.monotonic() - start, lambda t: model.predict(matrix(t))
    if what == "linear":
        return linear(meta, x, y)
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if objective == "regression" else HistGradientBoostingClassifier
    model = kind(max_iter=100, max_leaf_nodes=31, max_bins=255, l2_regularization=1, early_stopping=False,
                 categorical_features=[j for j in texts if meta["Kinds"][j] <= 255] or None)
    start = time.monotonic()
    model.fit(x, y)
    predict = model.predict if objective == "regression" else model.predict_proba
    return time.monotonic() - start, lambda t: np.asarray(predict(t))


def timed(predict, tx):
    import time

    start = time.monotonic()
    predict(tx)
    every = time.monotonic() - start
    one = min(len(tx), 200)
    start = time.monotonic()
    for i in range(one):
        predict(tx[i : i + 1])
    return {"rows_per_second": len(tx) / every, "row_us": (time.monotonic() - start) / one * 1e6}


def score_onnx(path, tx, threads):
    """The stored model, whose categories are texts."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options)
    inputs = session.get_inputs()
    columns = {}
    for j, i in enumerate(inputs):
        text = "string" in i.type
        column = np.array([f"{int(v):05d}" if v >= 0 else "" for v in tx[:, j]], object) if text else tx[:, j]
        columns[i.name] = column.astype({"tensor(float)": "f4", "tensor(double)": "f8"}.get(i.type, object)).reshape(-1, 1)
    return timed(lambda rows: session.run(None, {n: c[rows[0] : rows[-1] + 1] for n, c in columns.items()}), np.arange(len(tx)))


def scores(p, y, task):
    from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error, roc_auc_score

    if task == "regression":
        return f"RMSE {root_mean_squared_error(y, p):.1f}, R² {r2_score(y, p):.4f}"
    p = p.reshape(len(y), -1)
    if task == "multiclass":
        return f"accuracy {accuracy_score(y, p.argmax(1)):.5f}, log loss {log_loss(y, p):.5f}"
    return f"AUC {roc_auc_score(y, p[:, -1]):.4f}, log loss {log_loss(y, p[:, -1]):.4f}"


if __name__ == "__main__":
    main()
