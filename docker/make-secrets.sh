#!/bin/sh
# make-secrets.sh [FOLDER]: the secrets of compose.yaml that can be drawn, in the folder `secrets` beside it. One that is there stays as it is.
# certificate and certificate_key are the site's own, and so is fhir_coder_tenants, which begins as a list without a tenant.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"

keep() { # keep NAME: standard input becomes the secret of that name, unless there is one
    if [ -e "$folder/$1" ]; then
        cat >/dev/null
    else
        cat >"$folder/$1.new"
        mv "$folder/$1.new" "$folder/$1"
    fi
}

od -An -N32 -tx1 /dev/urandom | tr -d ' \n' | keep postgres_password
printf 'postgresql+psycopg://fhir_coder:%s@postgres/fhir_coder' "$(cat "$folder/postgres_password")" | keep fhir_coder_database_url
# A Fernet key: 32 bytes in the base64 of URLs.
head -c 32 /dev/urandom | base64 | tr '+/' '-_' | keep fhir_coder_key
printf '[]' | keep fhir_coder_tenants
# Whoever runs the containers' processes reads them; the folder keeps everybody else out.
chmod 644 "$folder"/*
for name in certificate certificate_key; do
    [ -e "$folder/$name" ] || echo "missing: $folder/$name (PEM)" >&2
done
