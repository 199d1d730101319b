#!/bin/sh
# entrypoint.sh COMMAND...: fhir-coder COMMAND..., with settings that are secret read from files.
# A file SECRETS/fhir_coder_key (SECRETS is /run/secrets unless it is set) becomes the setting of that name in capitals, and so does every other file
# whose name begins so. The command `prepare` puts the image's release and index into the data folder, and ends.
set -eu
here=$(dirname "$0")
for file in "${SECRETS:-/run/secrets}"/fhir_coder_*; do
    [ -f "$file" ] || continue
    name=$(basename "$file" | tr '[:lower:]' '[:upper:]')
    case $name in *[!A-Z0-9_]*)
        echo "$file: not the name of a setting" >&2
        exit 2
        ;;
    esac
    value=$(cat "$file")
    export "$name=$value"
done
if [ "${1:-}" = prepare ]; then
    exec "$here/prepare-data.sh" "${SEED:?}" "${FHIR_CODER_DATA:?}"
fi
exec "${PREFIX:-/opt/fhir-coder}/bin/fhir-coder" "$@"
