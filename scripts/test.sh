#!/usr/bin/env bash
# All checks, in order: tools, `npm run check`, build, tests. With files or other arguments of Vitest, only their tests:
#   npm test -- test/scenarios/call.test.ts
# Ends with the line "N passed, N failed", or "N passed, N failed, N skipped".
#
# SWITCHROOM_NO_INSTALL=1  installs nothing: says what is missing, and skips what needs it
# CI                       skips nothing: what is missing and cannot be installed is a failure
# DRACHTIO=/path           runs the scenarios on a real drachtio-server too
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Also where this is run without npm: the project's own Node.
export PATH="$PWD/node_modules/.bin:$PATH"

# Programs that some suites need, and Debian's packages of them.
declare -A packages=(
  [sipp]=sip-tester [baresip]=baresip-core [sipsak]=sipsak [curl]=curl [ip]=iproute2 [nft]=nftables
  [chromium]=chromium
  [turnserver]=coturn [iptables]=iptables
)

# @return the packages of the missing programs
missing_packages() {
  local program
  for program in "${!packages[@]}"; do
    command -v "$program" > /dev/null || printf '%s\n' "${packages[$program]}"
  done
}

may_install() {
  [[ ${SWITCHROOM_NO_INSTALL:-} != 1 ]]
}

install() {
  local -a as_root=()
  may_install && command -v apt-get > /dev/null || return 1
  if ((EUID != 0)); then
    command -v sudo > /dev/null && sudo -n true 2> /dev/null || return 1
    as_root=(sudo -n)
  fi
  printf 'Installing for the tests, by apt-get: %s\n' "$*"
  "${as_root[@]}" apt-get update --quiet --quiet || return 1
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --quiet --no-install-recommends "$@" > /dev/null
}

# Says what is missing; in CI that is the end.
# @param what is missing, and how to come by it
missing() {
  if may_install; then
    printf '\nMissing for the tests, and not installable from here: %s\n' "$1"
  else
    printf '\nMissing for the tests, and SWITCHROOM_NO_INSTALL=1 refuses to install: %s\n' "$1"
  fi
  if [[ -n ${CI:-} ]]; then
    printf 'In CI nothing is skipped: this is a failure.\n'
    exit 1
  fi
  printf 'The tests that need it are SKIPPED.\n\n'
}

# Second opinions that none of us wrote, pinned, in an environment of their own: cfn-lint and moto on the template, PJSIP on
# the calls.
opinions=.switchroom/opinions
install_opinions() {
  local wanted
  wanted=$(sha256sum scripts/opinions/requirements.txt) || return 1
  [[ -f $opinions/.installed && $(< "$opinions/.installed") == "$wanted" ]] && return 0
  may_install || return 1
  printf 'Installing for the tests, by pip into %s: cfn-lint, moto, PJSIP\n' "$opinions"
  rm -rf "$opinions"
  python3 -m venv "$opinions" > /dev/null 2>&1 ||
    { install python3-venv && rm -rf "$opinions" && python3 -m venv "$opinions"; } || return 1
  "$opinions/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement scripts/opinions/requirements.txt || return 1
  printf '%s' "$wanted" > "$opinions/.installed"
}

# @param what failed before
no_test_ran() {
  printf '%s failed, counted as one failed test: no test was run\n0 passed, 1 failed\n' "$1"
  exit 1
}

if (($# == 0)); then
  mapfile -t lacking < <(missing_packages)
  if ((${#lacking[@]} > 0)); then
    install "${lacking[@]}" || true
    mapfile -t lacking < <(missing_packages)
  fi
  if ((${#lacking[@]} > 0)); then
    missing "${lacking[*]} (apt-get install ${lacking[*]})"
  fi
  install_opinions || missing 'cfn-lint, moto and PJSIP (a Python 3.11 with venv, and its packages)'
  if [[ -z ${DRACHTIO:-} ]]; then
    printf 'The scenarios run on the embedded SIP server (DRACHTIO=/path/to/drachtio runs them on a real one).\n'
  fi
  npm run --silent check || no_test_ran 'npm run check'
fi
npm run --silent build > /dev/null || no_test_ran 'npm run build'

report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@" || status=$?
node scripts/test-summary.ts "$report" "$status" || status=$?
exit "$status"
