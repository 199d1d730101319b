#!/bin/sh
# build-index.sh PREFIX SEED: the shipped release and its index, by the environment of install.sh, in the folder SEED of the image.
set -eu
prefix=$1
seed=$2
mkdir -p "$seed"
FHIR_CODER_DATA=$seed "$prefix/bin/fhir-coder" index build
# Only what prepare-data.sh hands on; readable by the user that the image runs as.
find "$seed" -mindepth 1 -maxdepth 1 ! -name releases ! -name index -exec rm -r {} +
chmod -R a+rX "$seed"
