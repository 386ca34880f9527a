#!/usr/bin/env bash
# Runs every fuzz test for TIME (default 10s), one after the other. Usage: scripts/fuzz.sh [TIME]
#
# When the time ends while a worker is busy, `go test` may call that a failure ("context deadline exceeded") without any failing input: such a run is told and passes.
set -uo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
for file in $(grep -rl --include='*_test.go' '^func Fuzz' shared scripts functions | sort); do
  for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$file"); do
    if go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$time" </dev/null >"$log" 2>&1; then
      echo "ok   $(dirname "$file") $name: $(grep -o 'execs: [0-9]*' "$log" | tail -1)"
    elif grep -qx '[[:space:]]*context deadline exceeded' "$log" && ! grep -qE 'Failing input written|seed corpus|panic|_test.go:[0-9]+' "$log"; then
      echo "ok   $(dirname "$file") $name: time ended within a run"
    else
      echo "FAIL $(dirname "$file") $name" && cat "$log" && failed=1
    fi
  done
done
exit $failed
