"""Does ONNX Runtime compute from a model file what the service's own scorer does?

    python test/onnx_parity.py DIR

DIR is a case, or a folder with a case in each subfolder. A case is three files:

    model.onnx     the file that the service stores
    inputs.json    {"columns": [{"name": "age", "type": "double", "values": [41, null]},
                                {"name": "job", "type": "string", "values": ["clerk", ""]}]}
                   a column for each of the model's inputs; null is a missing number,
                   "" a missing text (null too)
    expected.json  {"label": ["no", "yes"], "probabilities": [[0.8, 0.2], [0.3, 0.7]]}
                   (labels are numbers where the model's are), or, for regression,
                   {"prediction": [12.5, 7.25]}

Each model is checked by onnx.checker and run by ONNX Runtime on all rows at
once, and on the first rows one by one. Probabilities may differ by 1e-9, and
predictions by 1e-9 of max(1, their size). Labels must be equal. Only where the
two largest probabilities are expected to be closer than 1e-9 to each other, and
ONNX Runtime's own are not equal, may rounding have decided; such rows are
counted as close calls.

Prints a line for each case and the largest differences; exits with 1 if a case
differs or there is none. Needs numpy, onnx and onnxruntime.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-9
ALONE = 5  # rows that are also run one by one


def cases(folder):
    if (folder / "model.onnx").exists():
        return [folder]
    return sorted(path.parent for path in folder.glob("*/model.onnx"))


def feed_of(columns):
    """The model's inputs, [N,1] each."""
    feed = {}
    for column in columns:
        if column["type"] == "string":
            values = np.array([v or "" for v in column["values"]], dtype=object)
        else:
            values = np.array([np.nan if v is None else v for v in column["values"]], dtype=np.float64)
        feed[column["name"]] = values.reshape(-1, 1)
    return feed


def outputs_of(session, feed):
    """The label (None for regression) and the numbers, [N,C]."""
    results = session.run(None, feed)
    return (results[0], results[1]) if len(results) == 2 else (None, results[0])


def numbers_difference(numbers, expected):
    """The largest difference, as far as it counts against the tolerance."""
    numbers = np.asarray(numbers)
    if numbers.dtype != np.float64 or numbers.shape != expected.shape or not np.isfinite(numbers).all():
        return float("inf")
    return float(np.max(np.abs(numbers - expected) / np.maximum(1, np.abs(expected)), initial=0))


def lead(probabilities):
    """How far the largest probability is ahead of the second."""
    second, first = np.sort(probabilities)[-2:]
    return first - second


def label_differences(labels, expected, probabilities, expected_probabilities):
    """How many labels differ, close calls apart, and how many of those there are."""
    differ = [i for i, (a, b) in enumerate(zip(labels.tolist(), expected, strict=True)) if a != b]
    close = [i for i in differ if lead(expected_probabilities[i]) < TOLERANCE and lead(probabilities[i]) > 0]
    return len(differ) - len(close), len(close)


def check(folder):
    """Compares one case. Returns whether it agrees, a line that says how, and the largest difference."""
    path = folder / "model.onnx"
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = feed_of(json.loads((folder / "inputs.json").read_text(encoding="utf-8"))["columns"])
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    want = np.array(expected.get("probabilities") or [[v] for v in expected["prediction"]], dtype=np.float64)

    labels, numbers = outputs_of(session, feed)
    largest = numbers_difference(numbers, want)
    differ, close = 0, 0
    if labels is not None:
        differ, close = label_differences(labels, expected["label"], numbers, want)
    for i in range(min(ALONE, len(want))):
        _, alone = outputs_of(session, {name: values[i : i + 1] for name, values in feed.items()})
        largest = max(largest, numbers_difference(alone, want[i : i + 1]))

    agrees = largest <= TOLERANCE and differ == 0
    line = (
        f"{'ok  ' if agrees else 'FAIL'} {folder.name}: {len(want)} rows, largest difference {largest:.2e}, "
        f"{differ} labels differ, {close} close calls"
    )
    return agrees, line, largest


def main(folder):
    found = cases(pathlib.Path(folder))
    if not found:
        print(f"no model.onnx in {folder}")
        return 1
    results = [check(case) for case in found]
    for _, line, _ in results:
        print(line)
    failed = sum(not agrees for agrees, _, _ in results)
    print(
        f"{len(results)} cases, {failed} failed, largest difference {max(r[2] for r in results):.2e} "
        f"(onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__})"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
