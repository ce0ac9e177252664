#!/bin/sh
# Install the locked dependencies into .venv with pip, so that whatever index pip is configured for is used.
# uv.lock names no index: it is turned into a list of versions and hashes, and pip refuses anything else.
set -eu
PYTHON="${PYTHON:-python3}"
UV_VERSION=0.13.8

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Backout needs Python 3.11 or newer; $PYTHON is $("$PYTHON" --version 2>&1). Try: make setup PYTHON=python3.12" >&2
  exit 1
}
echo "Installing Backout into .venv (about a minute the first time) ..."
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
.venv/bin/uv export --frozen --quiet --no-emit-project --no-header --output-file .venv/requirements.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/requirements.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
touch .venv/ready
