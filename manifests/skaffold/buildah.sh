#!/bin/sh
# skaffold's custom builder: builds $IMAGE from $BUILD_CONTEXT with buildah, and pushes it if $PUSH_IMAGE says so.
# JUDGEMESH_BUILDAH_OPTIONS are further options, such as --pull-never or --network host; JUDGEMESH_PACKAGES are the Debian
# packages of the worker's languages.
set -eu

# skaffold writes judgemesh_user for judgemesh/user, behind a --default-repo.
name=${IMAGE##*/}
name=${name%%:*}
name=${name#judgemesh_}
file=Dockerfile
set --
if [ "$name" = worker ]; then
  file=Dockerfile.worker
  set -- --build-arg PACKAGES="${JUDGEMESH_PACKAGES-gcc g++ openjdk-17-jdk-headless python3}"
fi
cd "${BUILD_CONTEXT:-.}"

# shellcheck disable=SC2086 # options are several words
buildah bud --layers ${JUDGEMESH_BUILDAH_OPTIONS-} --build-arg IMAGE="$name" \
  "$@" --file "$file" --tag "$IMAGE" .
if [ "${PUSH_IMAGE:-false}" = true ]; then
  # A registry on this machine speaks plain HTTP, as everywhere.
  case $IMAGE in localhost:* | 127.0.0.1:*) tls=false ;; *) tls=true ;; esac
  buildah push --quiet --tls-verify="$tls" "$IMAGE"
fi
