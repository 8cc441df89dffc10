"""The same service as a Python team would write it, each way a process of its own:

    python bench/services.py health PORT      FastAPI on uvicorn
    python bench/services.py function         FastAPI behind Mangum, in Lambda's runtime loop

Both import what the service of such a team needs to retrain and to reach S3:
pandas, scikit-learn (its boosted trees) and boto3.
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


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
