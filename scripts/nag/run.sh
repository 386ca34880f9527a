#!/usr/bin/env bash
# Holds the snapshots of the production templates, which a test keeps equal to what is deployed, to cdk-nag's rules. Needs Node.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -d node_modules/cdk-nag ] || npm ci --no-audit --no-fund --silent
exec node scripts/nag/check.js infra/testdata/prod-*.json
