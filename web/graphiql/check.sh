#!/bin/sh
# Rebuilds the playground in another directory and compares it with the committed bundle/.
# Exit status 1 if they differ. Touches nothing here.
set -eu
cd "$(dirname "$0")"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R .npmrc package.json package-lock.json tsconfig.json index.html build.sh scripts src licenses "$copy"
"$copy/build.sh"
node scripts/compare.mjs bundle "$copy/bundle"
