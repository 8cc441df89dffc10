#!/usr/bin/env bash
# Tries to break the promotion protocol. "ci" is the size for every change and
# takes about five minutes on 2 cores, "full" the one before a release (about
# half an hour). Needs only Go.
#
#   bash test/torture/run.sh ci|full [first seed]
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${2:-1}
case ${1:-} in
ci) trials=2000 lives=1000 changes=0 ;;
full) trials=10000 lives=10000 changes=10000 ;;
*) echo "usage: $0 ci|full [first seed]" >&2; exit 2 ;;
esac

go vet ./torture/...
echo "--- histories: $trials trials from seed $seed"
go test ./torture -count=1 -v -timeout 1h -run 'Register|Linearizable' -trials "$trials" -seed "$seed"
echo "--- kill -9: $lives lives from seed $seed"
go test ./torture -count=1 -v -timeout 2h -run Killed -lives "$lives" -seed "$seed"
echo "--- one-byte changes: every byte, and $changes at least"
go -C .. test ./internal/modelstore -count=1 -run TestOneByteChanges -changes "$changes"
echo "--- mutants"
go run ./torture/mutants
