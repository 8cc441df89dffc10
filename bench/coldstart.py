"""Cold starts beside FastAPI's: prints the table of bench/README.md.

    make bench-coldstart STARTS=20

A start is timed from the process's creation to the first answer of GET /health:
over HTTP, and in Lambda's runtime loop, where our emulator of the Runtime API
makes the process for the first invocation (an event of an HTTP API). The memory
is what is resident then. The page cache is warm: each contestant runs once
before it counts. CPU time is the process's until then.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
OURS, EMULATOR = str(HERE.parent / "bin/api"), str(HERE.parent / "bin/lambdaemu")
PEER = [sys.executable, str(HERE / "services.py")]
EVENT = {"version": "2.0", "routeKey": "$default", "rawPath": "/health", "rawQueryString": "", "headers": {"host": "bench"},
         "requestContext": {"http": {"method": "GET", "path": "/health", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
                            "stage": "$default"}, "isBase64Encoded": False}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=20)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as store:
        compare("Process start to the first answer of /health, over HTTP", repeat, [
            ("ours, `serve`", lambda: served(lambda port: [OURS, "serve", "--listen", f"127.0.0.1:{port}", "--store", store])),
            ("FastAPI + uvicorn", lambda: served(lambda port: [*PEER, "health", str(port)])),
        ])
        compare("Process start to the first invocation's answer, in Lambda's loop", repeat, [
            ("ours", lambda: invoked([OURS], store)),
            ("FastAPI + Mangum", lambda: invoked([*PEER, "function"], store)),
        ])


def compare(title, repeat, contestants):
    """Runs the contestants in turn; a contestant is (name, function that returns
    milliseconds to the answer, megabytes resident, milliseconds of CPU)."""
    for _, go in contestants:
        go()
    taken = {name: [] for name, _ in contestants}
    for _ in range(repeat):
        for name, go in contestants:
            taken[name].append(go())
    print(f"\n**{title}** (medians of {repeat})\n")
    print("| | ms | fastest, ms | resident MB | CPU ms |\n|---|---|---|---|---|")
    for name, runs in taken.items():
        wall, memory, cpu = (statistics.median(r[i] for r in runs) for i in range(3))
        print(f"| {name} | {wall:.1f} | {min(r[0] for r in runs):.1f} | {memory:.1f} | {cpu:.0f} |", flush=True)


def served(command):
    port = free_port()
    start = time.monotonic()
    with ended(subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)) as child:
        healthy(port, child)
        wall = time.monotonic() - start
        return wall * 1e3, resident(child.pid), cpu(child.pid)


def invoked(command, store):
    emulator = [EMULATOR, "-env", f"RETRAIN_STORE={store}", "-timeout", "60s", "--", *command]
    with ended(subprocess.Popen(emulator, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)) as child:
        connection = http.client.HTTPConnection(child.stdout.readline().strip().removeprefix("http://"))
        connection.connect()
        start = time.monotonic()
        connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(EVENT))
        answer = connection.getresponse().read()
        wall = time.monotonic() - start
        assert b"healthy" in answer, answer
        function = int(next(p for t in os.listdir(f"/proc/{child.pid}/task")
                            for p in pathlib.Path(f"/proc/{child.pid}/task/{t}/children").read_text().split()))
        return wall * 1e3, resident(function), cpu(function)


@contextlib.contextmanager
def ended(child):
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate()


def healthy(port, child):
    """Asks until there is an answer; a refused connection costs microseconds."""
    while child.poll() is None:
        with contextlib.suppress(ConnectionError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            assert answer.status == 200 and b"healthy" in answer.read()
            return
        time.sleep(0.0005)
    raise SystemExit(f"{child.args} ended with {child.returncode}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def cpu(pid):
    """Milliseconds of user and system time so far, from the scheduler's own count."""
    return sum(int(pathlib.Path(f"/proc/{pid}/task/{t}/schedstat").read_text().split()[0])
               for t in os.listdir(f"/proc/{pid}/task")) / 1e6


if __name__ == "__main__":
    main()
