"""Writes curves.json: what scikit-learn's isotonic regression makes of made-up
log odds, and CalibratedClassifierCV of three classes' by either method.

Run it in this folder: python curves.py. The file that is committed was made with
scikit-learn 1.9.1 and numpy 2.4.6. Log odds lie on our grid of 1/1024, and
isotonic probabilities are kept 1/(n+2) from 0 and 1 before they are divided by
their sum, as ours are; scikit-learn keeps no distance.
"""

import json

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its log odds."""

    def fit(self, x, y):
        self.classes_, self.fitted_ = np.unique(y), True
        return self

    def decision_function(self, x):
        return x

    def predict(self, x):
        return self.classes_[np.argmax(x, axis=1)]


rng = np.random.default_rng(20261122)


def on_grid(x):
    return np.round(x * 1024) / 1024


def one(name, n, slope, shift, weighted, places=None):
    z = on_grid(rng.normal(0, 2, n))
    if places:
        z = on_grid(rng.integers(0, places, n) / places)
    hit = rng.random(n) < 1 / (1 + np.exp(-(slope * z + shift)))
    w = rng.integers(1, 5, n) if weighted else np.ones(n, int)
    fit = IsotonicRegression(out_of_bounds="clip").fit(z, hit.astype(float), sample_weight=w)
    at = np.concatenate([np.linspace(z.min() - 1, z.max() + 1, 60), z[:20]])
    least = 1 / (w.sum() + 2)
    return {
        "name": name, "z": z.tolist(), "hits": hit.tolist(), "weights": w.tolist(), "at": at.tolist(),
        "knots": len(fit.X_thresholds_), "want": fit.predict(at).tolist(), "least": least,
    }


def several(method, n):
    """Log odds of three classes against the rest, too sure of themselves."""
    truth = rng.normal(0, 1.5, (n, 3))
    p = np.exp(truth) / np.exp(truth).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    raw = 3 * truth + [0.5, 0, -1]
    e = np.exp(raw - raw.max(axis=1, keepdims=True))
    odds = raw - raw.max(axis=1, keepdims=True) - np.log(e.sum(axis=1, keepdims=True) - e)
    if method == "isotonic":
        odds = on_grid(odds)
    given = FrozenEstimator(Given().fit(odds, y))
    fit = CalibratedClassifierCV(given, method=method).fit(odds, y).calibrated_classifiers_[0]
    own = np.column_stack([c.predict(odds[:, k]) for k, c in enumerate(fit.calibrators)])
    if method == "isotonic":
        own = own.clip(1 / (n + 2), 1 - 1 / (n + 2))
    else:
        assert np.allclose(own / own.sum(axis=1, keepdims=True), fit.predict_proba(odds), atol=1e-15)
    return {"method": method, "raw": raw.tolist(), "labels": y.tolist(), "want": (own / own.sum(axis=1, keepdims=True)).tolist()}


with open("curves.json", "w") as f:
    json.dump({
        "one": [
            one("sure of itself", 300, 0.3, 0.5, False), one("timid", 80, 4.0, -1.0, False), one("rare", 200, 1.0, -3.0, False),
            one("weighted", 150, 0.7, 0.0, True), one("ties", 200, 2.0, -1.0, True, places=7),
        ],
        "several": [several("sigmoid", 150), several("isotonic", 150)],
    }, f)
    f.write("\n")
