#!/bin/sh
# install-torch.sh PREFIX: torch in the environment of install.sh, for the steps that build an index; the version is that of the Makefile.
# TORCH_INDEX_URL: where pip looks for it; empty: where pip looks anyway. TORCH_SHA256: the hash that the wheel must have.
set -eu
prefix=$1
version=2.13.0
wheels=$(mktemp -d)
if [ -n "${TORCH_INDEX_URL:-}" ]; then
    "$prefix/bin/pip" download --quiet --no-cache-dir --no-deps --dest "$wheels" --index-url "$TORCH_INDEX_URL" "torch==$version"
else
    "$prefix/bin/pip" download --quiet --no-cache-dir --no-deps --dest "$wheels" "torch==$version"
fi
if [ -n "${TORCH_SHA256:-}" ]; then
    echo "$TORCH_SHA256  $(echo "$wheels"/torch-*.whl)" | sha256sum --check --status || {
        echo "torch $version has another hash than TORCH_SHA256" >&2
        exit 1
    }
fi
"$prefix/bin/pip" install --quiet --no-cache-dir "$wheels"/torch-*.whl
rm -r "$wheels"
