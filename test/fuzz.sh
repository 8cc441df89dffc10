#!/usr/bin/env bash
# Runs each fuzz target for a while: test/fuzz.sh 10s
set -euo pipefail
cd "$(dirname "$0")/.."
found=0
while IFS=: read -r file target; do
  found=$((found + 1))
  echo "--- $(dirname "$file") $target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-10s}" "./$(dirname "$file")"
done < <(git grep -oE '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/func //')
[ "$found" -gt 0 ] || { echo "no fuzz target was found"; exit 1; }
