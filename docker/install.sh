#!/bin/sh
# install.sh PREFIX SOURCE: an environment in the folder PREFIX with the locked packages (hashes are checked) and fhir-coder, built from the folder SOURCE.
set -eu
prefix=$1
source=$2
python3 -m venv "$prefix"
"$prefix/bin/pip" install --quiet --no-cache-dir --no-deps --require-hashes -r "$source/requirements.lock"
"$prefix/bin/pip" install --quiet --no-cache-dir --no-deps --require-hashes --upgrade -r "$(dirname "$0")/build.lock"
wheels=$(mktemp -d)
"$prefix/bin/pip" wheel --quiet --no-cache-dir --no-deps --no-build-isolation --wheel-dir "$wheels" "$source"
"$prefix/bin/pip" install --quiet --no-cache-dir --no-deps "$wheels"/fhir_coder-*.whl
rm -r "$wheels"
"$prefix/bin/fhir-coder" --help >/dev/null
