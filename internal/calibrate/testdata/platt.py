"""Writes platt.json: the sigmoids that scikit-learn fits to made-up raw scores.

Run it in this folder: python platt.py. The file that is committed was made
with scikit-learn 1.9.1 and numpy 2.4.6. scikit-learn writes the probability
as 1/(1+exp(a·raw+b)), so both numbers have the other sign here.
"""

import json

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose raw score is its only feature."""

    def fit(self, x, y):
        self.classes_, self.fitted_ = np.unique(y), True
        return self

    def decision_function(self, x):
        return x[:, 0]

    def predict(self, x):
        return self.classes_[(x[:, 0] > 0).astype(int)]


rng = np.random.default_rng(20261122)
cases = []
for name, n, slope, shift, weighted in [
    ("overconfident", 150, 0.3, 0.5, False), ("timid", 80, 4.0, -1.0, False), ("rare", 200, 1.0, -3.0, False),
    ("weighted", 100, 0.7, 0.0, True), ("wrong way round", 60, -1.0, 0.0, False),
]:
    raw = rng.normal(0, 2, n).round(3)
    y = (rng.random(n) < 1 / (1 + np.exp(-(slope * raw + shift)))).astype(int)
    w = rng.integers(1, 5, n) if weighted else np.ones(n, int)
    given = FrozenEstimator(Given().fit(raw[:, None], y))
    fit = CalibratedClassifierCV(given, method="sigmoid").fit(raw[:, None], y, sample_weight=w)
    found = fit.calibrated_classifiers_[0].calibrators[0]
    cases.append({
        "name": name, "raw": raw.tolist(), "labels": y.tolist(), "weights": w.tolist(),
        "slope": -float(found.a_), "shift": -float(found.b_),
    })
with open("platt.json", "w") as f:
    json.dump(cases, f)
    f.write("\n")
