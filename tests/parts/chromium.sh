# shellcheck shell=bash
# shellcheck disable=SC2034 # `tests/run` uses what is set here
# A browser for tests of HTML pages: Debian's Chromium.

# find_chromium: installs Chromium if it is missing, and sets CHROMIUM to its path.
find_chromium() {
  need chromium chromium fonts-dejavu-core
  CHROMIUM=$(command -v chromium)
}
