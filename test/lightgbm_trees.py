"""Trains LightGBM on the cases of internal/gbdt's e2e test, and prints its trees.

stdin:  [{"objective", "params", "x": rows, "y"}]
stdout: [trees], a tree being the list of its nodes, each before its children, the
        left one first: [feature, threshold] of a split, [value] of a leaf.
"""

import json
import sys

import lightgbm
import numpy as np


def nodes(node):
    if "leaf_value" in node:
        return [[node["leaf_value"]]]
    here = [[node["split_feature"], node["threshold"]]]
    return here + nodes(node["left_child"]) + nodes(node["right_child"])


def trees(case):
    data = lightgbm.Dataset(np.array(case["x"]), np.array(case["y"]), params={"min_data_in_bin": 1, "feature_pre_filter": False})
    params = dict(case["params"], objective=case["objective"], verbose=-1, num_threads=1, deterministic=True)
    booster = lightgbm.train(params, data, num_boost_round=params.pop("rounds"))
    return [nodes(t["tree_structure"]) for t in booster.dump_model()["tree_info"]]


json.dump([trees(case) for case in json.load(sys.stdin)], sys.stdout)
