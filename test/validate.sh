#!/usr/bin/env bash
# Checks the deployment without a cloud: template.yaml (and what its transform makes of it) with cfn-lint, the state
# machine definitions with asl-validator, and that the template substitutes exactly the names that the definitions have.
# Needs Python and Node; installs both tools below .cache/.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${RETRAIN_CFN_VENV:-.cache/cfn}
[ -x "$venv/bin/cfn-lint" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check cfn-lint==1.58.0; }
"$venv/bin/cfn-lint" template.yaml
echo "template.yaml: valid"

[ -d test/asl/node_modules ] || (cd test/asl && npm ci --no-audit --no-fund --loglevel=error)
node test/asl/validate.mjs statemachine/*.asl.json

names() { grep -o '\${[A-Za-z]*}' "$1" | tr -d '${}' | sort -u; }
for name in definition distributed; do
  file=statemachine/$name.asl.json
  substituted=$(sed -n "/DefinitionUri: statemachine\/$name.asl.json/,/Tracing:/p" template.yaml | sed -n 's/^        \([A-Za-z]*\):.*/\1/p' | sort -u)
  diff <(names "$file") <(echo "$substituted") || { echo "$file (<) and DefinitionSubstitutions (>) differ"; exit 1; }
  node test/asl/graph.mjs "$file" | cmp - "statemachine/$name.svg" || { echo "the picture is not the definition's: make graph"; exit 1; }
  echo "$file: substitutions complete, picture up to date"
done
