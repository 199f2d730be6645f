# Shared by the scripts: where things are, and how a variant of the build is made. Sourced.
# shellcheck shell=bash
set -euo pipefail

source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build_root=$(realpath -m "${MUSTER_BUILD_DIR:-$source_root/build}")

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The comment at the head of a script is its help.
print_help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# A wrong option gets one sentence.
wrong_option() { fail "unknown option '$1': see scripts/${0##*/} --help"; }

# choose_variant COMPILER [SANITIZERS [FUZZ]]: sets `build_dir` and `variant_options`. Optimized
# g++ without sanitizers is the variant "release"; the others have their parts in their name.
choose_variant() {
  local compiler=$1 sanitizers=${2:-} fuzz=${3:-false} name
  case $compiler in
    g++) name=gcc ;;
    clang++-19) name=clang ;;
    *) fail "cannot build with '$compiler': choose g++ or clang++-19" ;;
  esac
  command -v "$compiler" >/dev/null ||
    fail "$compiler is not installed: run scripts/setup --developer"
  [[ $fuzz == false || $compiler == clang++-19 ]] || fail "libFuzzer needs --compiler clang++-19"
  variant_options=(-Dwerror=true -Dfuzz="$fuzz")
  if [[ -n $sanitizers ]]; then
    # A clang library with a sanitizer leaves the sanitizer's symbols to the executable. Reports
    # name lines.
    variant_options+=(-Db_sanitize="$sanitizers" -Db_lundef=false -Ddebug=true
      -Doptimization=1 "-Dcpp_args=-fno-sanitize-recover=all -g1" -Dunity=on -Dunity_size=8)
    name+=-${sanitizers//,/-}
  else
    # At -O3 g++ 12 warns of overflows in fmt's headers that cannot happen.
    variant_options+=(-Ddebug=false -Doptimization=2)
  fi
  [[ $fuzz == false ]] || name+=-fuzz
  [[ $name != gcc ]] || name=release
  build_dir=$build_root/$name
  variant_compiler=$compiler
}

# Makes the chosen variant's build folder, or brings its options up to date.
configure() {
  local wanted="$variant_compiler ${variant_options[*]}" stamp=$build_dir/.muster-options
  if [[ -e $build_dir/build.ninja && -e $stamp && $(<"$stamp") == "$wanted" ]]; then return; fi
  { mkdir -p "$build_dir" && [[ -w $build_dir ]]; } 2>/dev/null ||
    fail "cannot write to $build_dir: set MUSTER_BUILD_DIR to a folder that is yours"
  local again=()
  [[ ! -e $build_dir/build.ninja ]] || again=(--reconfigure)
  CXX=$variant_compiler meson setup "${again[@]}" "$build_dir" "$source_root" "${variant_options[@]}" ||
    return 1
  printf '%s\n' "$wanted" >"$stamp"
}

# build [TARGET...]: configures the chosen variant and builds the targets, or everything.
build() {
  configure || return 1
  ninja -C "$build_dir" -j "$(nproc)" "$@"
}
