#!/usr/bin/env bash
# All checks, in order: tools, `npm run check`, build, tests. Ends with the line "N passed, N failed".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Also where this is run without npm: the project's own Node.
export PATH="$PWD/node_modules/.bin:$PATH"

# Programs that some suites need, and Debian's packages of them.
declare -A packages=([sipp]=sip-tester [baresip]=baresip-core [sipsak]=sipsak [curl]=curl)

# @return the packages of the missing programs
missing_packages() {
  local program
  for program in "${!packages[@]}"; do
    command -v "$program" > /dev/null || printf '%s\n' "${packages[$program]}"
  done
}

install() {
  local -a as_root=()
  command -v apt-get > /dev/null || return 1
  if ((EUID != 0)); then
    command -v sudo > /dev/null && sudo -n true 2> /dev/null || return 1
    as_root=(sudo -n)
  fi
  printf 'Installing for the tests: %s\n' "$*"
  "${as_root[@]}" apt-get update --quiet --quiet || return 1
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --quiet --no-install-recommends "$@" > /dev/null
}

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} > 0)); then
  install "${missing[@]}" || true
  mapfile -t missing < <(missing_packages)
fi
if ((${#missing[@]} > 0)); then
  printf '\nMissing for the tests, and not installable from here: %s\n' "${missing[*]}"
  printf 'Install them with: apt-get install %s\n' "${missing[*]}"
  if [[ -n ${CI:-} ]]; then
    printf 'In CI nothing is skipped: this is a failure.\n'
    exit 1
  fi
  printf 'The suites that need them are SKIPPED.\n\n'
fi
# cfn-lint and moto, second opinions on the template that none of us wrote: pinned, in an environment of their own.
opinions=.switchroom/opinions
install_opinions() {
  local wanted
  wanted=$(sha256sum scripts/opinions/requirements.txt) || return 1
  [[ -f $opinions/.installed && $(< "$opinions/.installed") == "$wanted" ]] && return 0
  printf 'Installing for the tests: cfn-lint, moto\n'
  rm -rf "$opinions"
  python3 -m venv "$opinions" > /dev/null 2>&1 ||
    { install python3-venv && rm -rf "$opinions" && python3 -m venv "$opinions"; } || return 1
  "$opinions/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement scripts/opinions/requirements.txt || return 1
  printf '%s' "$wanted" > "$opinions/.installed"
}
if ! install_opinions; then
  printf '\nMissing for the tests, and not installable from here: cfn-lint and moto (a Python 3 with venv, and its packages)\n'
  if [[ -n ${CI:-} ]]; then
    printf 'In CI nothing is skipped: this is a failure.\n'
    exit 1
  fi
  printf 'Their opinion on the template is SKIPPED.\n\n'
fi
if [[ -z ${DRACHTIO:-} ]]; then
  printf 'The scenarios run on the embedded SIP server (DRACHTIO=/path/to/drachtio runs them on a real one).\n'
fi

npm run --silent check
npm run --silent build

report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
vitest run --reporter=default --reporter=json --outputFile.json="$report" || status=$?
node scripts/test-summary.ts "$report" || status=$?
exit "$status"
