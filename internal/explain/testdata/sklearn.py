"""Writes sklearn.json: what sklearn.inspection says of a small regression tree.

Run it in this folder: python sklearn.py. The file that is committed was made
with scikit-learn 1.9.1 and numpy 2.4.6.
"""

import json
import sys

sys.path.remove(sys.path[0])  # this file has the library's name

import numpy as np
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.tree import DecisionTreeRegressor

rng = np.random.default_rng(20261122)
x = np.round(rng.normal(size=(600, 3)) * 64) / 64  # exact as float32, which the tree takes
y = np.round(2 * x[:, 0] + np.sin(3 * x[:, 1]) + 0.1 * rng.normal(size=600), 3)
tree = DecisionTreeRegressor(max_leaf_nodes=25, random_state=1).fit(x[:300], y[:300])

shuffled = permutation_importance(tree, x, y, scoring="neg_mean_absolute_error", n_repeats=400, random_state=1)
grid = {(0,): np.array([-1.5, -0.5, 0.0, 0.5, 1.5])}
dependence = partial_dependence(tree, x, [0], custom_values={0: grid[(0,)]}, kind="average", method="brute")

t = tree.tree_
json.dump(
    {
        "x": x.tolist(),
        "y": y.tolist(),
        "feature": t.feature.tolist(),
        "threshold": t.threshold.tolist(),
        "left": t.children_left.tolist(),
        "right": t.children_right.tolist(),
        "value": t.value[:, 0, 0].tolist(),
        "importances_mean": shuffled.importances_mean.tolist(),
        "importances_std": shuffled.importances_std.tolist(),
        "grid": grid[(0,)].tolist(),
        "average": dependence["average"][0].tolist(),
    },
    open("sklearn.json", "w"),
)
