#!/bin/sh
# install_test.sh BUILD EXAMPLE COMPILER...: installs to a folder of its own, and builds and runs
# EXAMPLE with what pkg-config says and nothing else.
set -eu
build=$1 example=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

meson install -C "$build" --no-rebuild --quiet --destdir "$folder/root"
pc=$(find "$folder/root" -name muster.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR="$folder/root"
# shellcheck disable=SC2046 # flags are words
"$@" -std=c++20 "$example" -o "$folder/example" $(pkg-config --cflags --libs muster)
lib=$(dirname "$(find "$folder/root" -name 'libmuster.so')")

# It needs a configuration, and says so: the library loads.
echo 'cluster = "c"' >"$folder/example.toml"
if LD_LIBRARY_PATH="$lib" "$folder/example" "$folder/example.toml" 2>"$folder/said"; then
  echo 'the example ran without a name' >&2
  exit 1
fi
grep -q 'example.toml:1: name: is missing' "$folder/said"
