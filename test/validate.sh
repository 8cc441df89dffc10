#!/usr/bin/env bash
# Checks the deployment without a cloud: template.yaml (and what its transform makes of it) with cfn-lint, the state
# machine definitions with asl-validator, and that the template substitutes exactly the names that the definition has.
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
substituted=$(sed -n '/DefinitionUri: statemachine\/definition.asl.json/,/Tracing:/p' template.yaml | sed -n 's/^        \([A-Za-z]*\):.*/\1/p' | sort -u)
diff <(names statemachine/definition.asl.json) <(echo "$substituted") || { echo "definition.asl.json (<) and DefinitionSubstitutions (>) differ"; exit 1; }
echo "substitutions: complete"

node test/asl/graph.mjs statemachine/definition.asl.json | cmp - statemachine/definition.svg || { echo "the picture is not the definition's: make graph"; exit 1; }
echo "statemachine/definition.svg: up to date"
