#!/usr/bin/env bash
# The one test command.
#
#   ./test.sh            everything, as CI does
#   ./test.sh quick      format, clippy, tests in Rust
#   ./test.sh rust       quick, and the documentation, licences and dependencies
#   ./test.sh interop    builds the programs and runs tests/interop against programs nobody here wrote
#   ./test.sh browser    builds the programs and runs tests/browser in Chromium
#
# Needs the pinned Rust toolchain, a C compiler and the package registries; as root it installs the rest from Debian's packages.
# Words after `interop` and `browser` go to pytest: ./test.sh interop -k netconf
set -uo pipefail
cd "$(dirname "$0")"

section=${1:-all}
[ $# -gt 0 ] && shift
case $section in
    quick | rust | interop | browser | all) ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

deny_version=0.20.2
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
export PATH="$PWD/target/tools/bin:$PATH"
results=()
remarks=()
failed=0
started=$SECONDS

# step NAME COMMAND...: runs it, prints how long it took, remembers how it ended.
step() {
    local name=$1 begin=$SECONDS end
    shift
    printf '\n==> %s\n' "$name"
    if "$@"; then end=ok; else end=FAIL; failed=$((failed + 1)); fi
    results+=("$(printf '%-4s %5d s  %s' "$end" $((SECONDS - begin)) "$name")")
    printf '<== %s: %s, %d s\n' "$name" "$end" $((SECONDS - begin))
    [ "$end" = ok ]
}

format() {
    cargo fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check
}

documentation() {
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
}

cargo_deny() {
    if [ "$(cargo deny --version 2> /dev/null)" != "cargo-deny $deny_version" ]; then
        cargo install --locked --version "$deny_version" --root target/tools cargo-deny || return 1
    fi
    cargo deny --all-features check --hide-inclusion-graph bans licenses sources || return 1
    if timeout 120 cargo deny fetch db > target/advisories.log 2>&1; then
        cargo deny --all-features check --disable-fetch advisories
    else
        remarks+=("advisories NOT checked: the advisory database could not be fetched (target/advisories.log)")
    fi
}

debian_packages() {
    local wanted=(chromium fish fonts-dejavu-core gcc groff-base iproute2 libc6-dev libnetconf2-dev libssh-dev libyang2-tools openssh-client openssh-server python3 valgrind zsh) missing=() package
    for package in "${wanted[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    python3 -c 'import ensurepip, venv' 2> /dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -eq 0 ] && { echo "all there"; return 0; }
    if [ "$(id -u)" != 0 ]; then
        echo "missing: type as root: apt-get install ${missing[*]}" >&2
        return 1
    fi
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
}

# venv FOLDER REQUIREMENTS: makes the Python environment anew when its list of packages changed.
venv() {
    local folder=target/interop/$1 list=tests/$2
    cmp -s "$list" "$folder/installed.txt" && return 0
    rm -rf "$folder"
    python3 -m venv "$folder" &&
        "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$list" &&
        cp "$list" "$folder/installed.txt"
}

# Prometheus is taken out of its package rather than installed: the package would start a service.
prometheus_package() {
    local folder=target/interop/prometheus
    [ -x $folder/usr/bin/promtool ] && { echo "all there"; return 0; }
    rm -rf $folder && mkdir -p $folder &&
        (cd $folder && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb)
}

python_packages() {
    mkdir -p target/interop
    venv venv interop/requirements.txt && venv venv-schemathesis interop/requirements-schemathesis.txt &&
        venv venv-ncclient interop/requirements-ncclient.txt && venv venv-ansible interop/requirements-ansible.txt && echo "all there"
}

# All at once, and then by themselves those that measure what a person feels.
interop() {
    local pytest=(target/interop/venv/bin/python -m pytest tests/interop) end=0 alone=0
    "${pytest[@]}" --numprocesses="${INTEROP_JOBS:-4}" -m "not alone" "$@" || end=$?
    "${pytest[@]}" -m alone "$@" || alone=$?
    # 5: no test has that name.
    case $end,$alone in 0,0 | 0,5 | 5,0) return 0 ;; *) return 1 ;; esac
}

browser_packages() {
    mkdir -p target/interop
    venv venv-browser browser/requirements.txt && echo "all there"
}

browser() {
    target/interop/venv-browser/bin/python -m pytest tests/browser --numprocesses="${BROWSER_JOBS:-2}" "$@"
}

if [ "$section" = quick ] || [ "$section" = rust ] || [ "$section" = all ]; then
    step "format" format
    step "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings
    step "tests in Rust" cargo test --locked --workspace
fi
if [ "$section" = rust ] || [ "$section" = all ]; then
    step "documentation" documentation
    step "licences and dependencies" cargo_deny
fi
if [ "$section" = interop ] || [ "$section" = all ]; then
    step "Debian packages" debian_packages &&
        step "Prometheus" prometheus_package &&
        step "Python packages" python_packages &&
        step "programs" cargo build --locked -p homing -p homing-agent &&
        step "interop" interop "$@"
    [ $# -gt 0 ] || step "instructions" tests/bench/instructions --check
fi
if [ "$section" = browser ] || [ "$section" = all ]; then
    step "Debian packages of the browser" debian_packages &&
        step "Python packages of the browser" browser_packages &&
        step "programs for the browser" cargo build --locked -p homing -p homing-agent &&
        step "browser" browser "$@"
fi

printf '\n%s: %d s in all\n' "$section" $((SECONDS - started))
printf '  %s\n' "${results[@]}"
for remark in "${remarks[@]}"; do printf '  note: %s\n' "$remark"; done
if [ "$failed" -gt 0 ]; then echo "FAILED: $failed of ${#results[@]} steps"; exit 1; fi
echo "all ${#results[@]} steps ok"
