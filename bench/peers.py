"""What users have today, each as a process of its own:

    python bench/peers.py read-pandas|read-polars FILE
    python bench/peers.py preprocess-sklearn FILE FOLDER
    python bench/peers.py retrain-sklearn|retrain-lightgbm FILE FOLDER

It prints the seconds that the imports took, and the AUC on the holdout.
"""

import sys
import time

START = time.monotonic()


def read_pandas(path):
    import pandas as pd

    imported = time.monotonic()
    assert len(pd.read_csv(path))
    return imported, ""


def read_polars(path):
    import polars as pl

    imported = time.monotonic()
    assert pl.read_csv(path).height
    return imported, ""


def preprocess_sklearn(path, folder):
    """Types, imputation, encoding, split, and a Parquet file for each side."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import OrdinalEncoder

    imported = time.monotonic()
    table = pd.read_csv(path)
    target = table.pop("target")
    numbers = list(table.select_dtypes("number"))
    texts = [c for c in table if c not in numbers]
    sides = train_test_split(table, target, test_size=0.2, random_state=0)
    recipe = ColumnTransformer([
        ("numbers", SimpleImputer(strategy="median"), numbers),
        ("texts", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), texts),
    ])
    for name, x, y, go in (("train", sides[0], sides[2], recipe.fit_transform), ("test", sides[1], sides[3], recipe.transform)):
        out = pd.DataFrame(go(x), columns=numbers + texts, index=x.index)
        out.assign(target=y).to_parquet(f"{folder}/{name}.parquet")
    return imported, ""


def retrain_sklearn(path, folder):
    """The same, then a model from the files, its scores, and the model saved."""
    imported, _ = preprocess_sklearn(path, folder)
    before = time.monotonic()
    import joblib
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

    imported += time.monotonic() - before
    train = pd.read_parquet(f"{folder}/train.parquet")
    y = train.pop("target")
    texts = [c.startswith("c") for c in train]
    model = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31, max_bins=255, early_stopping=False,
                                           l2_regularization=1, categorical_features=texts)
    model.fit(train, y)
    joblib.dump(model, f"{folder}/model.joblib")
    test = pd.read_parquet(f"{folder}/test.parquet")
    truth = test.pop("target")
    p = joblib.load(f"{folder}/model.joblib").predict_proba(test)[:, 1]
    accuracy_score(truth, p > 0.5), f1_score(truth, p > 0.5), log_loss(truth, p)
    return imported, f"AUC {roc_auc_score(truth, p):.4f}"


def retrain_lightgbm(path, folder):
    """The strongest composition: everything in memory, quantized gradients."""
    import lightgbm as lgb
    import numpy as np
    import polars as pl
    from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

    imported = time.monotonic()
    table = pl.read_csv(path)
    y = table["target"].to_numpy()
    table = table.drop("target")
    texts = [c for c, t in table.schema.items() if t == pl.String]
    x = table.with_columns(pl.col(texts).cast(pl.Categorical).to_physical()).to_numpy()
    held = np.random.default_rng(0).random(len(y)) < 0.2
    params = dict(objective="binary", num_leaves=31, max_bin=255, lambda_l2=1, min_sum_hessian_in_leaf=1,
                  num_threads=2, verbose=-1, use_quantized_grad=True)
    data = lgb.Dataset(x[~held], y[~held], feature_name=table.columns, categorical_feature=texts)
    model = lgb.train(params, data, 100)
    model.save_model(f"{folder}/model.txt")
    p, truth = model.predict(x[held], num_threads=2), y[held]
    accuracy_score(truth, p > 0.5), f1_score(truth, p > 0.5), log_loss(truth, p)
    return imported, f"AUC {roc_auc_score(truth, p):.4f}"


if __name__ == "__main__":
    imported, note = globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
    print(f"imports {imported - START:.2f} s {note}")
