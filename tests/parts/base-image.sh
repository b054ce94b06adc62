# shellcheck shell=bash
# The base image of `dockerfile: auto`, built from Debian and PyPI packages instead of pulled from Docker Hub.

BASE_IMAGE=prefecthq/prefect:3.9.1-python3.11

# provide_base_image REGISTRY: makes the base image available in the engine, and in the registry that mirrors Docker Hub.
provide_base_image() {
  local mirrored=$1/$BASE_IMAGE
  if ! docker image inspect "$BASE_IMAGE" >/dev/null 2>&1; then
    make_base_image
    import_base_image
  fi
  if ! http_answers "${1##*:}" "/v2/${BASE_IMAGE%:*}/manifests/${BASE_IMAGE##*:}" 2>/dev/null; then
    quietly docker tag "$BASE_IMAGE" "$mirrored"
    quietly docker push "$mirrored"
    quietly docker rmi "$mirrored"
  fi
}

base_image_tar() { echo "$CACHE/base-image/${BASE_IMAGE//[\/:]/-}.tar"; }

# make_base_image: creates a tar file in the cache with Debian 12, Python 3.11, the pinned Prefect, and uv.
make_base_image() {
  local tar root
  tar=$(base_image_tar)
  [[ -e $tar ]] && return
  is_root || die "building the base image $BASE_IMAGE needs root; alternatively, pull it into the engine first"
  need debootstrap debootstrap
  mkdir -p "$CACHE/base-image"
  root=$CACHE/base-image/root
  rm -rf --one-file-system "$root"
  quietly debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates \
    bookworm "$root" "$(debian_mirror)"
  install_into "$root"
  tar -C "$root" --exclude=./proc --exclude=./sys --exclude=./dev --exclude=./var/cache/apt \
    --exclude=./var/lib/apt/lists -cf "$tar.part" .
  mv "$tar.part" "$tar"
  rm -rf --one-file-system "$root"
}

# debian_mirror: prints the URL of the mirror that apt uses on this machine.
debian_mirror() {
  local mirror
  # shellcheck disable=SC2016 # variables of apt
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 2>/dev/null |
    awk '$2 == "bookworm" && $3 == "main" { print $1; exit }')
  echo "${mirror:-http://deb.debian.org/debian}"
}

# install_into ROOT: installs Prefect in a Debian tree, with the network configuration of this machine.
install_into() {
  local root=$1 file
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [[ ! -e $file ]] || cp -L "$file" "$root$file"
  done
  cp "${ROOT:?}/tests/requirements.txt" "$root/tmp/requirements.txt"
  quietly env HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_ROOT_USER_ACTION=ignore \
    chroot "$root" pip3 install --break-system-packages --no-cache-dir uv -r /tmp/requirements.txt
  rm -f "$root/tmp/requirements.txt" "$root/etc/pip.conf"
}

import_base_image() {
  quietly docker import \
    -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    -c 'ENV UV_SYSTEM_PYTHON=1' -c 'ENV UV_BREAK_SYSTEM_PACKAGES=1' \
    -c 'WORKDIR /opt/prefect' "$(base_image_tar)" "$BASE_IMAGE"
}

# make_clean_root FOLDER: creates a minimal Debian 12 in the folder.
make_clean_root() {
  local tar=$CACHE/base-image/debian-bookworm.tar root=$CACHE/base-image/debian
  if [[ ! -e $tar ]]; then
    is_root || die "debootstrap needs root"
    need debootstrap debootstrap
    mkdir -p "$CACHE/base-image"
    rm -rf --one-file-system "$root"
    quietly debootstrap --variant=minbase bookworm "$root" "$(debian_mirror)"
    tar -C "$root" --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* --exclude=./var/cache/apt \
      --exclude=./var/lib/apt/lists -cf "$tar.part" .
    mv "$tar.part" "$tar"
    rm -rf --one-file-system "$root"
  fi
  mkdir -p "$1"
  tar -C "$1" -xf "$tar"
}
