#!/bin/sh
# skaffold's custom builder: builds $IMAGE from $BUILD_CONTEXT with buildah, then pushes it if $PUSH_IMAGE says so;
# else JUDGEMESH_LOAD, a command, is given the archive: `kind load image-archive`, `python -m tests.cluster load`.
# JUDGEMESH_BUILDAH_OPTIONS are further options, such as --pull-never or --network host.
set -eu

name=${IMAGE##*/}
name=${name%%:*}
file=Dockerfile
[ "$name" != worker ] || file=Dockerfile.worker
cd "${BUILD_CONTEXT:-.}"

# shellcheck disable=SC2086 # options are several words
buildah bud --layers ${JUDGEMESH_BUILDAH_OPTIONS-} --build-arg IMAGE="$name" --file "$file" --tag "$IMAGE" .
if [ "${PUSH_IMAGE:-false}" = true ]; then
  buildah push "$IMAGE"
elif [ -n "${JUDGEMESH_LOAD-}" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  buildah push --quiet "$IMAGE" "docker-archive:$folder/image.tar:$IMAGE"
  $JUDGEMESH_LOAD "$folder/image.tar"
fi
