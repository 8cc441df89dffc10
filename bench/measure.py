"""Runs commands alternately and measures each as a process of its own: wall
seconds, CPU seconds (user and system) and peak resident memory, from wait4. The
kernel counts in a child's peak what its parent held when it was started, so the
scripts that use this import nothing large."""

import os
import statistics
import subprocess
import tempfile
import time


def run(command, env=None):
    """Runs a command and returns (wall, cpu, megabytes, its standard output)."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, env={**os.environ, **(env or {})})
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise SystemExit(f"{command} failed with {child.returncode}: {said.read()}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.strip()


def alternate(title, contestants, repeat):
    """Runs all contestants in turn, `repeat` times, and prints a Markdown table
    of medians. A contestant is (name, function that returns what run does)."""
    taken = {name: [] for name, _ in contestants}
    for _ in range(repeat):
        for name, go in contestants:
            taken[name].append(go())
    print(f"\n**{title}** (medians of {repeat})\n")
    print("| | wall s | CPU s | peak MB | wall ÷ first | CPU ÷ first | |\n|---|---|---|---|---|---|---|")
    first = None
    for name, runs in taken.items():
        wall, cpu, memory = (statistics.median(r[i] for r in runs) for i in range(3))
        first = first or (wall, cpu)
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {wall / first[0]:.2f} | {cpu / first[1]:.2f} | {runs[-1][3]} |", flush=True)
