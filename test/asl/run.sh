#!/usr/bin/env bash
# Runs the state machine definitions on two local engines against the shipped binary,
# on a folder and on an S3 server. Needs Go, Node 20 and Python 3.11 or later; installs
# the Node packages of package-lock.json and the Python packages of requirements.txt,
# and builds the S3 server unless RETRAIN_VERSITYGW names it. RETRAIN_DATA_DIR may name
# the folder of the uncompressed data sets.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cd "$root"
echo "building the binary and the emulator"
CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -o "$scratch/api" ./cmd/api
go build -o "$scratch/lambdaemu" ./internal/lambda/runtimetest/lambdaemu
export RETRAIN_BIN=$scratch/api LAMBDAEMU=$scratch/lambdaemu

if [ -z "${RETRAIN_VERSITYGW:-}" ]; then
  echo "building the S3 server (two CPU minutes, once)"
  GOBIN=$root/.cache/bin go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
  export RETRAIN_VERSITYGW=$root/.cache/bin/versitygw
fi

cd "$here"
# The engine declares Node 22; support/promise.mjs gives it what Node 20 lacks.
npm ci --no-audit --no-fund --loglevel=error
node --test --test-reporter=spec errors.test.mjs retraining.test.mjs long.test.mjs distributed.test.mjs search.test.mjs

venv=$root/.cache/asl-venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
"$venv/bin/python" distributed_map.py
