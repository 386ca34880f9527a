#!/usr/bin/env bash
# Starts a fresh shop on a free port, runs every SDK against it, stops it.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(mktemp -d)
mkdir -p dist
go build -o dist/shopkeeper ./scripts/shopkeeper
dist/shopkeeper serve --port 0 --data "$data/shop" --json >"$data/ready" 2>"$data/log" &
server=$!
stop() {
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -rf "$data"
}
trap stop EXIT
until [ -s "$data/ready" ]; do
  kill -0 "$server" 2>/dev/null || { cat "$data/log" >&2; exit 1; }
  sleep 0.2
done
field() { head -n 1 "$data/ready" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
if ! scripts/sdktest/run.sh "$(field url)" "$(field writeKey)" "$(field secretKey)"; then
  echo "--- log of the server" >&2
  tail -50 "$data/log" >&2
  exit 1
fi
