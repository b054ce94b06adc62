# shellcheck shell=bash
# Programs from npm, each pinned and in a folder of its own.

YAML_SERVER_VERSION=1.25.0

# install_npm PACKAGE VERSION: sets NPM_PROGRAMS to the folder of its programs.
install_npm() {
  local folder=$CACHE/$1/$2
  NPM_PROGRAMS=$folder/node_modules/.bin
  need npm npm
  [[ -e $folder/complete ]] && return
  rm -rf "$folder"
  mkdir -p "$folder"
  quietly npm install --prefix "$folder" --no-audit --no-fund --no-save "$1@$2"
  touch "$folder/complete"
}

# install_yaml_server: sets YAML_SERVER to the program that editors ask about YAML files.
install_yaml_server() {
  install_npm yaml-language-server "$YAML_SERVER_VERSION"
  YAML_SERVER=$NPM_PROGRAMS/yaml-language-server
}
