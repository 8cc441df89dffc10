"""Writes reference.json: what scikit-learn says of small predictions.

Run it in this folder: python reference.py. The file that is committed was
made with scikit-learn 1.9.1 and numpy 2.4.6. A metric that scikit-learn
refuses, or warns of as undefined, is null.
"""

import json
import warnings

import numpy as np
from sklearn import metrics as m
from sklearn.exceptions import UndefinedMetricWarning

rng = np.random.default_rng(20261122)


def value(f, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", UndefinedMetricWarning)
        try:
            v = float(f(*args, **kwargs))
        except (ValueError, UndefinedMetricWarning):
            return None
    return v if np.isfinite(v) else None


def macro(f, y, label):
    """Macro averages: a class without the metric counts as 0, and is no error."""
    return float(f(y, label, average="macro", zero_division=0))


def auc_variance(y, a, b):
    """DeLong's variance of the difference, from all pairs as the paper has it."""
    positive, negative = y == 1, y == 0
    if positive.sum() < 2 or negative.sum() < 2:
        return None

    def kernel(s):
        gap = s[positive][:, None] - s[negative][None, :]
        return (gap > 0) + 0.5 * (gap == 0)

    d = kernel(a) - kernel(b)
    return float(
        np.var(d.mean(axis=1), ddof=1) / positive.sum()
        + np.var(d.mean(axis=0), ddof=1) / negative.sum()
    )


def binary(name, y, p1):
    y, p1 = np.asarray(y), np.asarray(p1, float)
    p = np.column_stack([1 - p1, p1])
    label = p.argmax(axis=1)
    other = np.clip(p1 + rng.normal(0, 0.2, len(y)).round(2), 0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = {
            "accuracy": m.accuracy_score(y, label),
            "f1_score": value(m.f1_score, y, label),
            "precision": value(m.precision_score, y, label),
            "recall": value(m.recall_score, y, label),
            "balanced_accuracy": m.balanced_accuracy_score(y, label),
            "roc_auc": value(m.roc_auc_score, y, p1),
            "average_precision": value(m.average_precision_score, y, p1) if y.any() else None,
            "log_loss": value(m.log_loss, y, p, labels=[0, 1]),
            "brier_score": value(m.brier_score_loss, y, p1, labels=[0, 1]),
        }
    return {
        "name": name, "classes": 2, "y": y.tolist(), "p": p.ravel().tolist(), "want": want,
        "other": np.column_stack([1 - other, other]).ravel().tolist(),
        "auc_variance": auc_variance(y, p1, other),
    }


def multiclass(name, y, p):
    y, p = np.asarray(y), np.asarray(p, float)
    k = p.shape[1]
    label = p.argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = {
            "accuracy": m.accuracy_score(y, label),
            "f1_score": macro(m.f1_score, y, label),
            "precision": macro(m.precision_score, y, label),
            "recall": macro(m.recall_score, y, label),
            "balanced_accuracy": m.balanced_accuracy_score(y, label),
            "roc_auc": value(m.roc_auc_score, y, p, multi_class="ovr", labels=range(k)),
            "log_loss": value(m.log_loss, y, p, labels=list(range(k))),
        }
    return {"name": name, "classes": k, "y": y.tolist(), "p": p.ravel().tolist(), "want": want}


def regression(name, y, pred):
    y, pred = np.asarray(y, float), np.asarray(pred, float)
    want = {
        "rmse": m.root_mean_squared_error(y, pred),
        "mae": m.mean_absolute_error(y, pred),
        "r2": value(m.r2_score, y, pred) if np.ptp(y) > 0 else None,
    }
    return {"name": name, "y": y.tolist(), "predicted": pred.tolist(), "want": want}


def quantile(name, y, pred, q):
    """The loss of a quantile."""
    y, pred = np.asarray(y, float), np.asarray(pred, float)
    want = value(m.mean_pinball_loss, y, pred, alpha=q)
    return {"name": name, "quantile": q, "y": y.tolist(), "predicted": pred.tolist(), "want": want}


def counts(name, y, pred):
    """The deviance of counts, which scikit-learn refuses where it is undefined."""
    y, pred = np.asarray(y, float), np.asarray(pred, float)
    want = value(m.mean_poisson_deviance, y, pred)
    return {"name": name, "poisson": True, "y": y.tolist(), "predicted": pred.tolist(), "want": want}


def simplex(n, k, digits=None):
    """Rows whose halves, quarters … sum to 1 exactly, so that ties are ties."""
    p = rng.dirichlet(np.ones(k), n)
    if digits is not None:
        p = rng.multinomial(2**digits, p) / 2**digits
    return p


n = 60
y2 = (rng.random(n) < 0.4).astype(int)
y4 = rng.integers(0, 4, n)
signal = np.clip(0.3 * y2 + rng.random(n) * 0.7, 0, 1)
values = rng.normal(50, 9, n)
lopsided = simplex(n, 4) * [1, 1, 0.001, 1]
lopsided /= lopsided.sum(axis=1, keepdims=True)

reference = {
    "classification": [
        binary("spread out", y2, signal),
        binary("many ties", y2, (signal * 8).round() / 8),
        binary("half is class 0", [0, 1, 0, 1, 1], [0.5, 0.5, 0.25, 0.75, 0.5]),
        binary("perfect", y2, y2),
        binary("all wrong", y2, 1 - y2),
        binary("never positive", y2, signal / 4),
        binary("always positive", y2, 0.6 + signal / 4),
        binary("constant score", y2, np.full(n, 0.4)),
        binary("only positive rows", np.ones(7, int), signal[:7]),
        binary("only negative rows", np.zeros(7, int), signal[:7]),
        binary("nothing is positive", np.zeros(7, int), signal[:7] / 4),
        binary("one row", [1], [0.7]),
        binary("rare class", (np.arange(200) % 100 == 0).astype(int), rng.random(200)),
        binary("nearly certain", y2, np.where(y2 == 1, 1 - 1e-17, 1e-300)),
        multiclass("spread out", y4, simplex(n, 4)),
        multiclass("many ties", y4, simplex(n, 4, 2)),
        multiclass("a class that never occurs", y4 % 3, simplex(n, 4)),
        multiclass("a class that is never predicted", y4, lopsided),
        multiclass("perfect", y4, np.eye(4)[y4]),
        multiclass("one class occurs", np.full(9, 2), simplex(9, 3)),
    ],
    "regression": [
        regression("spread out", values, values + rng.normal(0, 3, n)),
        regression("worse than the mean", values, values[::-1]),
        regression("perfect", values, values),
        regression("constant truth", np.full(5, 3.1), [3, 3.1, 3.2, 3.3, 3.4]),
        regression("far from zero", values + 1e6, values + 1e6 + rng.normal(0, 3, n)),
        regression("one row", [2.5], [2.0]),
    ],
    "objectives": [
        quantile("a high quantile", values, values + rng.normal(0, 3, n), 0.9),
        quantile("the median", values, values[::-1], 0.5),
        quantile("perfect", values, values, 0.1),
        counts("counts", rng.poisson(3, n), rng.gamma(3, 1, n)),
        counts("large counts", rng.poisson(1e6, n), rng.gamma(1e4, 100, n)),
        counts("no events", np.zeros(5), [0.1, 1e-9, 2, 3, 4]),
        counts("a prediction of zero", [1, 2], [0, 2]),
        counts("a negative truth", [-1, 2], [1, 2]),
    ],
}

with open("reference.json", "w") as f:
    json.dump(reference, f, indent=None, separators=(",", ":"))
    f.write("\n")
