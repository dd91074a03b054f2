#!/usr/bin/env bash
# tests/sim/mutants.sh - is the simulator worth anything? Breaks muster on purpose, one promise at a time, and looks
# whether the simulator notices.
#
#   tests/sim/mutants.sh [--seeds N] [NAME..]      default: all of tests/sim/mutants, 600 seeds each
#
# Each mutants/NAME.patch is put on a copy of the sources, the simulator is built from it and run until it fails. The
# table says which seed caught it and how. Exit code 0: all were caught; 1: one lived, or its patch no longer fits.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seeds=600
[ "${1:-}" = --seeds ] && seeds=$2 && shift 2
place=${MUSTER_MUTANTS_DIR:-$root/build/mutants}
mkdir -p "$place/source"
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(cd "$here/mutants" && printf '%s\n' *.patch | sed 's/\.patch$//')

copy() { # the sources as they are, without what was built; files that are equal keep their time
    (cd "$root" && find . -path ./build -prune -o -path ./.git -prune -o -type f -print0) |
        while IFS= read -r -d '' file; do
            cmp -s "$root/$file" "$place/source/$file" || install -D "$root/$file" "$place/source/$file"
        done
}

build() {
    [ -f "$place/build/build.ninja" ] ||
        cmake -S "$place/source" -B "$place/build" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$place/log" 2>&1 || return 1
    cmake --build "$place/build" --target sim -j "$(nproc)" >"$place/log" 2>&1
}

lived=0
copy
build || { printf 'the simulator does not build:\n' && tail -20 "$place/log" && exit 1; }
"$place/build/bin/sim" --seeds 60 >"$place/log" 2>&1 ||
    { printf 'the simulator fails without any mutant:\n' && tail -30 "$place/log" && exit 1; }
printf '%-46s %-7s %-6s %s\n' mutant caught after how
for name in "${names[@]}"; do
    copy
    if ! patch -s -p1 -d "$place/source" <"$here/mutants/$name.patch" >"$place/log" 2>&1 || ! build; then
        printf '%-46s %-7s\n' "$name" 'NO FIT'
        lived=1
        continue
    fi
    began=$SECONDS
    if timeout 900 "$place/build/bin/sim" --seeds "$seeds" >"$place/log" 2>/dev/null; then
        printf '%-46s %-7s\n' "$name" LIVED
        lived=1
    else
        printf '%-46s %-7s %-6s %s\n' "$name" yes "$((SECONDS - began)) s" \
            "$(grep -m1 -E '^(seed|scenario) |Assertion' "$place/log" | cut -c1-110)"
    fi
done
rm -f "$place"/source/**/*.orig
exit $lived
