#!/usr/bin/env bash
# Runs each fuzz target for a while: test/fuzz.sh 10s. Inputs that are interesting are
# hardly made smaller: of files that would take all of the time.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Before Go 1.27, a target may fail for no more than that its time is up
# (https://go.dev/issue/75804). A finding writes its input, and tells more than that.
time_was_up() {
  grep -qx ' *context deadline exceeded' "$log" && ! grep -qE 'Failing input|panic|_test\.go' "$log"
}

found=0
while IFS=: read -r file target; do
  found=$((found + 1))
  echo "--- $(dirname "$file") $target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-10s}" -fuzzminimizetime 100x "./$(dirname "$file")" | tee "$log" || time_was_up
done < <(git grep -oE '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/func //')
[ "$found" -gt 0 ] || { echo "no fuzz target was found"; exit 1; }
