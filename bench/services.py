"""The same service as a Python team would write it, each way a process of its own:

    python bench/services.py health PORT      FastAPI on uvicorn
    python bench/services.py function         FastAPI behind Mangum, in Lambda's runtime loop
    python bench/services.py predict MODEL FOLDER PORT
    python bench/services.py inprocess MODEL FOLDER

The first two import what the service of such a team needs to retrain and to reach
S3: pandas, scikit-learn (its boosted trees) and boto3. The others score with a MODEL:
onnxruntime (on our model.onnx), sklearn or lightgbm (trained on FOLDER/train.csv
when they start), from FOLDER.
"""

import http.client
import json
import os
import sys


def application():
    import boto3  # noqa: F401
    import pandas  # noqa: F401
    from fastapi import FastAPI
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: F401

    app = FastAPI()

    @app.get("/health")
    def health():
        return {"status": "healthy", "version": "bench"}

    return app


def health(port):
    import uvicorn

    uvicorn.run(application(), host="127.0.0.1", port=int(port), log_level="error")


def function():
    """Lambda's Runtime API: ask for an event, post the answer. AWS's own client
    for Python does the same, and reports errors too."""
    from mangum import Mangum

    handler = Mangum(application(), lifespan="off")
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        event = runtime.getresponse()
        answer = handler(json.loads(event.read()), None)
        invocation = event.headers["Lambda-Runtime-Aws-Request-Id"]
        runtime.request("POST", f"/2018-06-01/runtime/invocation/{invocation}/response", json.dumps(answer))
        runtime.getresponse().read()


def predict(model, folder, port):
    """POST /predict of JSON records and /invocations of CSV, each body one table."""
    import io

    import pandas as pd
    import uvicorn
    from fastapi import FastAPI, Request

    probabilities = scorer(model, folder)
    app = FastAPI()

    def answer(table):
        p = probabilities(table)
        return {"predictions": (p[:, 1] > 0.5).astype(int).tolist(), "probabilities": p.tolist()}

    @app.get("/health")
    def health():
        return {"status": "healthy"}

    @app.post("/predict")
    async def records(request: Request):
        return answer(pd.DataFrame.from_records(json.loads(await request.body())["records"]))

    @app.post("/invocations")
    async def csv(request: Request):
        return answer(pd.read_csv(io.BytesIO(await request.body())))

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


def inprocess(model, folder):
    """Prints microseconds of one row, and rows a second of all, without a service:
    from a table of the rows to probabilities."""
    import time

    import pandas as pd

    probabilities, table = scorer(model, folder), pd.read_csv(f"{folder}/rows.csv")
    rows = [table[i : i + 1] for i in range(200)]
    probabilities(rows[0])
    start = time.monotonic()
    for row in rows:
        probabilities(row)
    one = (time.monotonic() - start) / len(rows)
    start = time.monotonic()
    probabilities(table)
    print(f"{one * 1e6:.0f} {len(table) / (time.monotonic() - start):.0f}")


def scorer(model, folder):
    """Returns a function from a table to probabilities (rows × classes)."""
    import numpy as np
    import pandas as pd

    if model == "onnxruntime":
        import onnxruntime

        session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
        types = {i.name: {"tensor(float)": "f4", "tensor(double)": "f8"}.get(i.type, object) for i in session.get_inputs()}
        outputs = [o.name for o in session.get_outputs() if "prob" in o.name]

        def probabilities(table):
            return session.run(outputs, {n: table[n].to_numpy(t).reshape(-1, 1) for n, t in types.items()})[0]

        return probabilities

    train = pd.read_csv(f"{folder}/train.csv")
    y = train.pop("target")
    texts = list(train.select_dtypes(exclude="number"))
    levels = {c: pd.CategoricalDtype(sorted(train[c].dropna().unique())) for c in texts}
    if model == "sklearn":
        from sklearn.ensemble import HistGradientBoostingClassifier

        fitted = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31, early_stopping=False, categorical_features="from_dtype")
        fitted.fit(train.astype(levels), y)
        return lambda table: fitted.predict_proba(table.astype(levels))
    import lightgbm

    def matrix(table):
        return np.column_stack([table[c].astype(levels[c]).cat.codes if c in levels else table[c] for c in train])

    params = {"objective": "binary", "num_leaves": 31, "verbose": -1}
    fitted = lightgbm.train(params, lightgbm.Dataset(matrix(train), y, categorical_feature=[list(train).index(c) for c in texts]), 100)

    def chances(table):
        p = fitted.predict(matrix(table))
        return np.column_stack([1 - p, p])

    return chances


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
