#!/usr/bin/env bash
# Checks the snapshots of the production templates, which a test keeps equal to what is deployed, against CloudFormation's own description of each resource.
# Installs cfn-lint once under .cache. Needs Python 3. W3005 is off: the CDK writes dependencies that another reference already implies, which is harmless.
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.58.0 venv=.cache/cfn-lint/$version
if [ ! -x "$venv/bin/cfn-lint" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check "cfn-lint==$version"
fi
"$venv/bin/cfn-lint" --regions eu-west-1 us-east-1 --ignore-checks W3005 -- infra/testdata/prod-*.json
echo "cfn-lint: no findings"
