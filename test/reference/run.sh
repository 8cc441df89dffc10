#!/usr/bin/env bash
# Makes internal/retrain/testdata/sklearn.json anew: preprocesses the real data
# sets of examples/ and scores scikit-learn on the same splits. The model's name
# salts the split, so the small set is split in several ways.
#   RETRAIN_PYTHON=python3 bash test/reference/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
make build
store=$(mktemp -d)
trap 'rm -rf "$store"' EXIT
sets=()
for set in wa_churn-{1..6}=churn.csv=churn california_housing=california_housing.csv.gz=median_house_value shuttle=shuttle.csv.gz=Class; do
  IFS='=' read -r name file target <<<"$set"
  RETRAIN_STORE=$store bin/api retrain "examples/$file" --target "$target" --model "$name" --run-id "$name" --params '{"max_iter":1}' >/dev/null
  sets+=("$name=$store/runs/$name/processed.parquet")
done
"${RETRAIN_PYTHON:-python3}" test/reference/score_sklearn.py "${sets[@]}" >internal/retrain/testdata/sklearn.json
