"""The definition for data in many files, on an engine with a Distributed Map.

    RETRAIN_BIN=… LAMBDAEMU=… RETRAIN_VERSITYGW=… python distributed_map.py

The engine is LocalStack's interpreter of the Amazon States Language, of which
neither the services nor containers are needed: its clients for Lambda, S3 and Step
Functions are led to the emulator with the shipped binary, to an S3 server, and back
to the interpreter. It says whether fields, paths and errors of distributed.asl.json
mean to another's engine what they mean to ours; distributed.test.mjs has the cases.
It writes a map's manifest, and not its results; `adapted` has what else it lacks.
"""

import collections
import contextlib
import datetime
import json
import logging
import math
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import types
import unittest
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from localstack.services.stepfunctions.asl.eval import evaluation_details as details
from localstack.services.stepfunctions.asl.eval.program_state import ProgramEnded, ProgramError
from localstack.services.stepfunctions.asl.utils import boto_client
from localstack.services.stepfunctions.backend.execution_worker import SyncExecutionWorker

DEFINITIONS = pathlib.Path(__file__).resolve().parents[2] / "statemachine"
FUNCTION = "retrain"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:"
REGION, KEY, SECRET = "us-east-1", "retrain-test", "a-secret-of-this-test"
Result = collections.namedtuple("Result", "output error cause states items")


class Engine:
    """Runs definitions. What they call goes to the endpoints, by service."""

    def __init__(self, endpoints):
        self.endpoints, self.runs = endpoints, {}
        boto_client.connect_to = types.SimpleNamespace(with_assumed_role=lambda **_: self)

    def get_client(self, service):
        """What the interpreter asks of its client factory."""
        if service == "stepfunctions":
            return self
        return boto3.client(service, endpoint_url=self.endpoints[service], region_name=REGION, aws_access_key_id=KEY,
                            aws_secret_access_key=SECRET, config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))

    def start_execution(self, stateMachineArn, input, **_):
        """StartExecution, of another definition; it has ended when this returns."""
        arn = f"{stateMachineArn.replace('stateMachine', 'execution')}:{len(self.runs)}"
        self.runs[arn] = self.run(stateMachineArn.removeprefix(MACHINE), json.loads(input))
        return {"executionArn": arn, "startDate": datetime.datetime.now(tz=datetime.UTC)}

    def describe_execution(self, executionArn):
        run = self.runs[executionArn]
        status = "FAILED" if run.error else "SUCCEEDED"
        return {"executionArn": executionArn, "status": status, "output": json.dumps(run.output), "error": run.error, "cause": run.cause}

    def run(self, name, document):
        """Runs statemachine/NAME.asl.json to its end."""
        text = (DEFINITIONS / f"{name}.asl.json").read_text().replace("${FunctionArn}", FUNCTION).replace("${RetrainingArn}", f"{MACHINE}definition")
        definition = json.dumps(adapted(json.loads(text)))
        worker = SyncExecutionWorker(
            details.EvaluationDetails(
                details.AWSExecutionDetails("000000000000", REGION, "arn:aws:iam::000000000000:role/states"),
                details.ExecutionDetails(f"{MACHINE.replace('stateMachine', 'execution')}{name}:run", "run", "", document, "2026-01-01T00:00:00.000Z"),
                details.StateMachineDetails(f"{MACHINE}{name}", name, "STANDARD", definition)),
            types.SimpleNamespace(terminated=lambda: None), None, {})
        worker.start()
        end, env = worker.env.program_state(), worker.env
        states = [e["stateEnteredEventDetails"]["name"] for e in env.event_manager.get_event_history() if "stateEnteredEventDetails" in e]
        items = [m.item_counter.describe()["succeeded"] for m in env.map_run_record_pool_manager.get_all()]
        if isinstance(end, ProgramError):
            return Result(None, end.error["error"], end.error["cause"], states, items)
        assert isinstance(end, ProgramEnded), end
        return Result(env.states.get_input(), None, None, states, items)


def adapted(definition):
    """Replaces what the engine lacks: batches, by those of one item that an ItemBatcher
    could make as well; and paths in a ResultWriter, which it looks up in the results."""
    for state in definition["States"].values():
        if batcher := state.pop("ItemBatcher", None):
            state["ItemSelector"] = {"Items.$": "States.Array($$.Map.Item.Value)", "BatchInput": batcher["BatchInput"]}
            state["ResultWriter"]["Parameters"] = {"Bucket": "ml-data", "Prefix": "results/"}
    return definition


def table():
    """Files with missing values, rows to reject, and a column that turns out to be text."""
    for f in range(11):
        lines = ["x,z,colour,code,y"]
        for i in range(700):
            n = f * 700 + i
            x, z = n * 7919 % 1000, n * 104729 % 97
            code = "A-1" if (f, i) == (7, 600) else n * 3
            answer = "yes" if math.sin(x / 60) + z / 97 > 0.5 else "no"
            lines.append(f"{x / 10 if n % 53 else 'NA'},{z},{['red', 'green', '', 'blue'][n * 31 % 4]},{code},{answer}")
            if n % 997 == 5:
                lines.append("1,2")
        yield "\n".join(lines) + "\n"


class DistributedMap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cls.bucket = root / "ml-data"
            cls.bucket.mkdir()
            s3 = serve_s3(stack, root)
            emulator = stack.enter_context(subprocess.Popen(
                [os.environ["LAMBDAEMU"], "-name", "retrain", "-timeout", "120s", "-concurrency", "3",
                 "-env", "RETRAIN_STORE=s3://ml-data/store", "-env", "RETRAIN_DATA_ROOTS=s3://ml-data/data", "-env", f"AWS_ENDPOINT_URL_S3={s3}",
                 "-env", f"AWS_ACCESS_KEY_ID={KEY}", "-env", f"AWS_SECRET_ACCESS_KEY={SECRET}", "-env", "AWS_EC2_METADATA_DISABLED=true",
                 "--", os.environ["RETRAIN_BIN"]],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
            cls.engine = Engine({"s3": s3, "lambda": emulator.stdout.readline().strip()})
            cls.addClassCleanup(stack.pop_all().close)

    def request(self, name, files):
        folder = self.bucket / "data" / name
        folder.mkdir(parents=True)
        for f, text in enumerate(files):
            (folder / f"{f:03}.csv").write_text(text)
        return {"data_path": f"s3://ml-data/data/{name}/", "target": "y", "model_name": name,
                "model_params": {"algorithm": "gradient_boosting", "max_iter": 10}}

    def document(self, run_id, name):
        return json.loads((self.bucket / "store/runs" / run_id / f"{name}.json").read_text())

    def test_shares_lead_to_the_model_of_one_call(self):
        request = self.request("many", table())
        one = self.engine.run("definition", request | {"run_id": "one-call"})
        self.assertEqual((one.error, one.output["updated"]), (None, True), one.cause)
        shares = self.engine.run("distributed", request | {"run_id": "in-shares", "share_bytes": 1})
        self.assertIsNone(shares.error, shares.cause)
        self.assertEqual(shares.states.count("ScanShares"), 2, shares.states)
        self.assertEqual(shares.items, [11, 11, 11], "the shares are scanned twice and written once")
        paths = [self.document(run_id, "train")["result"]["model_path"] for run_id in ("one-call", "in-shares")]
        self.assertRegex(paths[0], r"sha256/[0-9a-f]{64}/model\.onnx$")
        self.assertEqual(*paths)
        recipes = [self.document(run_id, "recipe")["document"]["recipe"] for run_id in ("one-call", "in-shares")]
        self.assertEqual(*recipes)
        champion = json.loads((self.bucket / "store/models/many/champion.json").read_text())
        self.assertEqual(champion["generation"], 1, "the same model is champion already")

    def test_what_one_share_has_wrong_is_said(self):
        files = list(table())
        files[8] = files[8].replace("code", "other", 1)
        wrong = self.engine.run("distributed", self.request("wrong", files) | {"share_bytes": 1})
        self.assertEqual(wrong.error, "Retrain.InvalidData", wrong.cause)
        self.assertIn("008.csv lacks the column", wrong.cause)
        self.assertEqual(wrong.states[-1], "RetrainingFailed")


def serve_s3(stack, root):
    """Starts the S3 server, whose buckets are the root's folders."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = stack.enter_context(subprocess.Popen(
        [os.environ["RETRAIN_VERSITYGW"], "--port", address, "--region", REGION, "--quiet", "--health", "/health", "posix", str(root)],
        env={"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET, "HOME": str(root)}))
    stack.callback(server.terminate)
    for _ in range(400):
        try:
            urllib.request.urlopen(f"http://{address}/health").close()
            return f"http://{address}"
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError("the S3 server did not start")


if __name__ == "__main__":
    logging.disable()  # the interpreter tells of every path that leads nowhere, and each error that is caught
    unittest.main(verbosity=2)
