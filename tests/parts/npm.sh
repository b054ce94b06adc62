# shellcheck shell=bash
# Pinned programs from npm, each in its own folder.

YAML_SERVER_VERSION=1.25.0

# install_npm PACKAGE VERSION: installs a package and sets NPM_PROGRAMS to the folder of its executables.
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

# install_yaml_server: installs yaml-language-server and sets YAML_SERVER to its path.
install_yaml_server() {
  install_npm yaml-language-server "$YAML_SERVER_VERSION"
  YAML_SERVER=$NPM_PROGRAMS/yaml-language-server
}
