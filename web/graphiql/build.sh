#!/bin/sh
# Builds bundle/, the files the emporia binary embeds, from the sources beside this script.
set -eu
cd "$(dirname "$0")"
npm ci
npm run --silent typecheck
npm run --silent build
npm run --silent compress
