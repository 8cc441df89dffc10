"""Writes reference.json: the optima that scikit-learn finds.

Run it in this folder: python reference.py. The file that is committed was
made with scikit-learn 1.9.1, numpy 2.4.6 and scipy 1.17.1. The rows are made up, with
missing numbers, missing and unseen categories, numbers that nearly depend on
each other, and one that is constant.
"""

import json
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

warnings.simplefilter("ignore", ConvergenceWarning)
rng = np.random.default_rng(20261122)
n = 300

raw = np.column_stack([
    rng.normal(40, 9, n), rng.lognormal(3, 1, n), rng.normal(0, 1, n), np.full(n, 7.0),
    rng.normal(1000, 1, n), rng.normal(0, 3, n),
]).round(2)
raw[:, 2] = (raw[:, 0] / 9 + rng.normal(0, 0.05, n)).round(2)
missing = rng.random(raw.shape) < 0.05
missing[:, 3] = False
codes = np.column_stack([rng.integers(-1, 3, n), rng.integers(-1, 12, n) * (rng.random(n) < 0.7)])
widths = [3, 12]

fill = np.array([np.median(raw[~missing[:, j], j]) for j in range(raw.shape[1])])
filled = np.where(missing, fill, raw)
mean, scale = filled.mean(axis=0), filled.std(axis=0)
scale[scale == 0] = 1
x = (filled - mean) / scale
onehot = [(codes[:, [c]] == np.arange(widths[c])).astype(float) for c in range(2)]
x = np.hstack([x] + onehot)

signal = x @ rng.normal(0, 0.7, (x.shape[1], 3)) + [0.5, 0, -1]
binary = (signal[:, 0] + rng.logistic(size=n) > 0).astype(int)
multi = (signal + rng.gumbel(size=(n, 3))).argmax(axis=1)
value = (1e4 + 50 * signal[:, 1] + rng.normal(0, 20, n)).round(1)
weights = rng.integers(0, 4, n).astype(float)


def objective(y, p, w, coef, c):
    """What is minimized, with the weights of rows and classes multiplied into w."""
    return float(-(w * np.log(p[np.arange(n), y])).sum() + (coef**2).sum() / (2 * c))


def logistic(name, y, c=1.0, class_weight=None, w=None):
    model = LogisticRegression(C=c, class_weight=class_weight, tol=1e-10, max_iter=100_000)
    model.fit(x, y, sample_weight=w)
    rows = np.ones(n) if w is None else w.copy()
    k = y.max() + 1
    if class_weight == "balanced":
        totals = np.bincount(y, rows)
        rows *= (rows.sum() / (k * totals))[y]
    elif class_weight:
        rows *= np.array([class_weight[i] for i in range(k)])[y]
    p = model.predict_proba(x)
    return {
        "name": name, "target": "binary" if k == 2 else "multiclass", "C": c,
        "balanced": class_weight == "balanced", "weighted": w is not None,
        "class_weight": [class_weight[i] for i in range(k)] if isinstance(class_weight, dict) else None,
        "coef": model.coef_.tolist(), "intercept": model.intercept_.tolist(),
        "objective": objective(y, p, rows, model.coef_, c), "predictions": p.ravel().tolist(),
    }


def ridge(name, alpha, w=None):
    model = Ridge(alpha=alpha, solver="cholesky").fit(x, value, sample_weight=w)
    rows = np.ones(n) if w is None else w
    p = model.predict(x)
    return {
        "name": name, "target": "value", "alpha": alpha, "weighted": w is not None,
        "coef": [model.coef_.tolist()], "intercept": [float(model.intercept_)],
        "objective": float((rows * (value - p) ** 2).sum() + alpha * (model.coef_**2).sum()) / 2,
        "predictions": p.tolist(),
    }


def elastic_logistic(name, y, c, ratio, balanced=False, w=None):
    """saga comes slowly to an optimum; its last digits are not the optimum's."""
    model = LogisticRegression(C=c, l1_ratio=ratio, class_weight="balanced" if balanced else None, solver="saga",
                               tol=1e-9, max_iter=50_000, random_state=0)
    model.fit(x, y, sample_weight=w)
    rows = np.ones(n) if w is None else w.copy()
    k = y.max() + 1
    if balanced:
        rows *= (rows.sum() / (k * np.bincount(y, rows)))[y]
    p = model.predict_proba(x)
    value = objective(y, p, rows, model.coef_, c / (1 - ratio) if ratio < 1 else np.inf)
    return {
        "name": name, "target": "binary" if k == 2 else "multiclass", "C": c, "l1_ratio": ratio,
        "balanced": balanced, "weighted": w is not None, "class_weight": None,
        "coef": model.coef_.tolist(), "intercept": model.intercept_.tolist(),
        "objective": value + ratio / c * float(np.abs(model.coef_).sum()), "predictions": p.ravel().tolist(),
    }


def elastic(name, alpha, ratio, w=None):
    """The objective is scikit-learn's times the rows' weight."""
    model = ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-14, max_iter=1_000_000).fit(x, value, sample_weight=w)
    rows = np.ones(n) if w is None else w
    p = model.predict(x)
    penalty = ratio * np.abs(model.coef_).sum() + (1 - ratio) / 2 * (model.coef_**2).sum()
    return {
        "name": name, "target": "value", "alpha": alpha, "l1_ratio": ratio, "weighted": w is not None,
        "coef": [model.coef_.tolist()], "intercept": [float(model.intercept_)],
        "objective": float((rows * (value - p) ** 2).sum() / 2 + rows.sum() * alpha * penalty),
        "predictions": p.tolist(),
    }


reference = {
    "numbers": [[None if missing[i, j] else raw[i, j] for j in range(raw.shape[1])] for i in range(n)],
    "codes": codes.tolist(), "widths": widths,
    "fill": fill.tolist(), "mean": mean.tolist(), "scale": scale.tolist(),
    "targets": {"binary": binary.tolist(), "multiclass": multi.tolist(), "value": value.tolist()},
    "weights": weights.tolist(),
    "fits": [
        logistic("binary", binary),
        logistic("binary, weak penalty", binary, c=100.0),
        logistic("binary, strong penalty", binary, c=0.01),
        logistic("binary, balanced", binary, class_weight="balanced"),
        logistic("binary, class weights", binary, class_weight={0: 1.0, 1: 5.0}),
        logistic("binary, weighted rows", binary, w=weights),
        logistic("multiclass", multi),
        logistic("multiclass, weak penalty", multi, c=30.0),
        logistic("multiclass, balanced and weighted", multi, class_weight="balanced", w=weights),
        ridge("ridge", 1.0),
        ridge("ridge, strong penalty", 1000.0),
        ridge("ridge, weak penalty", 1e-3),
        ridge("ridge, weighted rows", 1.0, weights),
        elastic_logistic("binary, lasso", binary, 0.1, 1.0),
        elastic_logistic("binary, elastic net, balanced and weighted", binary, 0.3, 0.5, True, weights),
        elastic_logistic("multiclass, lasso", multi, 0.2, 1.0),
        elastic_logistic("multiclass, elastic net", multi, 0.5, 0.5),
        elastic("lasso", 1.0, 1.0),
        elastic("elastic net, weighted rows", 0.1, 0.7, weights),
    ],
}
with open("reference.json", "w") as f:
    json.dump(reference, f, separators=(",", ":"))
    f.write("\n")
