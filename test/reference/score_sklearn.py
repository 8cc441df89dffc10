"""Scores scikit-learn on the splits that this service makes.

    python test/reference/score_sklearn.py NAME=PROCESSED.parquet ... > internal/retrain/testdata/sklearn.json

Each file is what /preprocess wrote; its key-value metadata names the target,
its column __holdout the side of each row. The algorithms are scikit-learn's own
with the parameters that our test gives ours (see internal/retrain/oracle_test.go).
"""

import json
import math
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, log_loss, r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

BOOSTING = dict(
    max_iter=100, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=20,
    l2_regularization=1.0, max_bins=255, early_stopping=False, random_state=0,
)

# On 5,600 rows, 100 trees of 31 leaves fit noise: scikit-learn's own AUC moves by
# 0.006 when nothing but max_bins changes. Trees of 8 leaves make a comparison.
LEAVES = {"wa_churn": 8}


def load(path):
    meta = {k.decode(): v.decode() for k, v in (pq.read_metadata(path).metadata or {}).items()}
    frame = pd.read_parquet(path)
    target, holdout = meta["retrain.target"], frame.pop("__holdout").to_numpy(bool)
    y = frame.pop(target)
    texts = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    numbers = [c for c in frame if c not in texts]
    frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), "")
    frame[numbers] = frame[numbers].astype(float)
    return frame, y, holdout, numbers, texts


def boosting(name, x, texts, regression):
    x = x.copy()
    for c in texts:
        x[c] = x[c].astype("category")
    model = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    parameters = BOOSTING | {"max_leaf_nodes": LEAVES.get(name, 31)}
    return x, model(categorical_features="from_dtype", **parameters)


def linear(numbers, texts, regression):
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), texts),
    )
    model = Ridge(alpha=1.0) if regression else LogisticRegression(C=1.0, max_iter=20000, tol=1e-9)
    return make_pipeline(prepare, model)


def classification_scores(y, p, classes):
    labels = classes[p.argmax(axis=1)]
    scores = {
        "accuracy": accuracy_score(y, labels),
        "log_loss": log_loss(y, p, labels=classes),
    }
    if len(classes) == 2:
        scores["f1_score"] = f1_score(y, labels, pos_label=classes[1])
        scores["roc_auc"] = roc_auc_score(y == classes[1], p[:, 1])
    else:
        scores["f1_score"] = f1_score(y, labels, average="macro")
    return scores


def fit_and_score(model, x, y, holdout, regression):
    model.fit(x[~holdout], y[~holdout])
    if regression:
        p = model.predict(x[holdout])
        return {"rmse": math.sqrt(np.mean((p - y[holdout]) ** 2)), "r2": r2_score(y[holdout], p)}
    return classification_scores(y[holdout], model.predict_proba(x[holdout]), model.classes_)


def main():
    reference = {"scikit_learn": sklearn.__version__, "sets": {}}
    for argument in sys.argv[1:]:
        name, path = argument.split("=", 1)
        x, y, holdout, numbers, texts = load(path)
        regression = name == "california_housing"
        xb, booster = boosting(name, x, texts, regression)
        reference["sets"][name] = {
            "train_rows": int((~holdout).sum()),
            "holdout_rows": int(holdout.sum()),
            "gradient_boosting": fit_and_score(booster, xb, y, holdout, regression),
            "linear": fit_and_score(linear(numbers, texts, regression), x, y, holdout, regression),
        }
    json.dump(reference, sys.stdout, indent=1)
    print()


main()
