# shellcheck shell=bash
# shellcheck disable=SC2034 # `tests/run` uses what is set here
# A browser for what is a page: Debian's Chromium.

# find_chromium: installs it if it is missing, and sets CHROMIUM to the program.
find_chromium() {
  need chromium chromium fonts-dejavu-core
  CHROMIUM=$(command -v chromium)
}
