"""What the shap package says of trees.

    python test/shap_values.py < cases.json > values.json

A case is a sum of trees over numbers, and rows (null is a missing number):

    {"base": 0.5, "rows": [[1.5, null]],
     "trees": [{"feature": [0, -1, -1], "threshold": [1, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
                "missing": [2, -1, -1], "value": [0, -1, 1], "count": [30, 10, 20]}]}

Of each comes {"base": 0.83, "values": [[0.17, 0]]}: the path-dependent Shapley
values of each row. Needs shap.
"""

import json
import sys

import numpy as np
import shap


def explained(case):
    trees = [
        {
            "children_left": np.array(t["left"]),
            "children_right": np.array(t["right"]),
            "children_default": np.array(t["missing"]),
            "features": np.array(t["feature"]),
            "thresholds": np.array(t["threshold"], dtype=np.float64),
            "values": np.array(t["value"], dtype=np.float64).reshape(-1, 1),
            "node_sample_weight": np.array(t["count"], dtype=np.float64),
        }
        for t in case["trees"]
    ]
    rows = np.array([[np.nan if x is None else x for x in row] for row in case["rows"]], dtype=np.float64)
    model = {"trees": trees, "base_offset": case["base"], "tree_output": "raw_value", "objective": "squared_error"}
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    values = explainer.shap_values(rows, check_additivity=False)
    return {"base": float(np.ravel(explainer.expected_value)[0]), "values": np.asarray(values).reshape(rows.shape).tolist()}


json.dump([explained(case) for case in json.load(sys.stdin)], sys.stdout)
