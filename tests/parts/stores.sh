# shellcheck shell=bash
# Object stores on loopback: moto from PyPI, which implements S3 and, through gcs.py, Google Cloud Storage, and
# Microsoft's Azurite from npm. Each has one bucket named BUCKET.

AZURITE_VERSION=3.35.0
BUCKET=prefectl

# install_stores: installs the stores, and sets STORES to the folder of moto and AZURITE to the executable of Azurite.
install_stores() {
  install_pins "$ROOT/tests/storage-requirements.txt"
  STORES=$PINNED
  install_npm azurite "$AZURITE_VERSION"
  AZURITE=$NPM_PROGRAMS/azurite-blob
}

# start_stores: starts the stores, and sets S3_URL, GCS_URL and the connection string AZURE_STORAGE.
start_stores() {
  local moto gcs azurite key
  moto=$(free_port)
  start_background moto "$STORES/moto_server" --host 127.0.0.1 --port "$moto"
  gcs=$(free_port)
  start_background gcs "$STORES/python" "$ROOT/tests/parts/gcs.py" "$gcs"
  azurite=$(free_port)
  start_background azurite "$AZURITE" --blobHost 127.0.0.1 --blobPort "$azurite" --inMemoryPersistence \
    --skipApiVersionCheck --disableTelemetry --silent
  S3_URL=http://127.0.0.1:$moto
  GCS_URL=http://127.0.0.1:$gcs
  # The default account key of Azurite.
  key=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==
  AZURE_STORAGE="DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=$key"
  AZURE_STORAGE+=";BlobEndpoint=http://127.0.0.1:$azurite/devstoreaccount1"
  wait_for moto http_answers "$moto" /moto-api/
  wait_for gcs http_answers "$gcs" /moto-api/
  local url
  for url in "$S3_URL" "$GCS_URL"; do
    quietly "$STORES/python" -c 'import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1], method="PUT"))' \
      "$url/$BUCKET"
  done
  local make='import sys; from azure.storage.blob import BlobServiceClient as Client
Client.from_connection_string(sys.argv[1], retry_total=0).create_container(sys.argv[2])'
  wait_for azurite "$STORES/python" -c "$make" "$AZURE_STORAGE" "$BUCKET"
}
