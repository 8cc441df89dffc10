#!/usr/bin/env bash
# Trains the example sets with the real binary on different numbers of
# processors, with baseline and newer instructions (GOAMD64 v1 and v3), and one
# set with the arm64 binary under qemu: each set must give one model, to the byte.
# qemu comes from Debian, unpacked below .cache/; where it cannot be had, that
# part is left out, and the last line says so.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=$PWD/.cache
mkdir -p "$cache"

GOARCH=amd64 GOAMD64=v1 CGO_ENABLED=0 go build -o "$work/v1" ./cmd/api
GOARCH=amd64 GOAMD64=v3 CGO_ENABLED=0 go build -o "$work/v3" ./cmd/api
GOARCH=arm64 CGO_ENABLED=0 go build -o "$work/arm64" ./cmd/api

# digest DATA TARGET PARAMS COMMAND...: the SHA-256 of the model.
digest() {
  local data=$1 target=$2 params=$3 store
  shift 3
  store=$(mktemp -d -p "$work")
  "$@" retrain "$data" --target "$target" --params "$params" --store "$store" >"$work/out" 2>"$work/err" ||
    { cat "$work/err" >&2; return 1; }
  grep -oE '"model_sha256": *"[0-9a-f]{64}"' "$work/out" | head -1 | grep -oE '[0-9a-f]{64}'
}

failed=0
# compare WHAT WANT GOT
compare() {
  if [ "$2" = "$3" ]; then echo "ok    $1 ${3:0:16}"; else echo "DIFFERS $1: ${3:-nothing}, not $2"; failed=1; fi
}

boosting='{"algorithm":"gradient_boosting","max_iter":40}'
drawn='{"algorithm":"gradient_boosting","max_iter":15,"subsample":0.7,"colsample_bytree":0.7,"early_stopping":true}'
while read -r data target params; do
  want=$(GOMAXPROCS=1 digest "examples/$data" "$target" "$params" "$work/v1")
  echo "      $data ${params:0:60}: ${want:0:16}"
  for n in 2 4 8; do
    compare "GOMAXPROCS=$n" "$want" "$(GOMAXPROCS=$n digest "examples/$data" "$target" "$params" "$work/v1")"
  done
  compare "GOAMD64=v3" "$want" "$(digest "examples/$data" "$target" "$params" "$work/v3")"
done <<SETS
churn.csv churn $boosting
churn.csv churn {"algorithm":"logistic_regression"}
churn.csv churn {}
california_housing.csv.gz median_house_value $boosting
california_housing.csv.gz median_house_value {"algorithm":"gradient_boosting","loss":"quantile","quantile":0.9,"max_iter":15}
shuttle.csv.gz Class $drawn
SETS

qemu=$(command -v qemu-aarch64-static || true)
if [ -z "$qemu" ] && (cd "$cache" && apt-get download qemu-user-static >/dev/null 2>&1 && dpkg -x qemu-user-static_*.deb qemu); then
  qemu=$cache/qemu/usr/bin/qemu-aarch64-static
fi
if [ -n "$qemu" ]; then
  for params in '{"algorithm":"gradient_boosting","max_iter":5,"early_stopping":true}' '{"max_iter":5}'; do
    want=$(digest examples/churn.csv churn "$params" "$work/v1")
    compare "arm64 $params" "$want" "$(digest examples/churn.csv churn "$params" "$qemu" "$work/arm64")"
  done
fi
[ $failed = 0 ] || exit 1
[ -n "$qemu" ] || echo "NOT CHECKED: arm64, since Debian's qemu-user-static cannot be had here"
