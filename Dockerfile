# The services and the operator. IMAGE says which: user, problem, execution, …, operator.
#
#   docker build --build-arg IMAGE=user -t judgemesh/user .
#   docker run judgemesh/user services.user
#
# The same sources and SOURCE_DATE_EPOCH give the same files. To have the layers' own times fixed too, and so the same
# image, add `--output type=docker,rewrite-timestamp=true` (BuildKit) or `--timestamp $SOURCE_DATE_EPOCH` (buildah).
# `python -m tests.cluster reproduce user worker` builds twice and compares.

# Pin it by digest where images must be the same next year.
ARG PYTHON=docker.io/library/python:3.13-slim

FROM ${PYTHON} AS build
ARG UV=0.13.9
# A file of further certificate authorities, where the builder's network has its own.
ARG SSL_CERT_FILE
ENV UV_PROJECT_ENVIRONMENT=/opt/judgemesh UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_NO_CACHE=1
# uv comes from PyPI like all else, so that one index, or a mirror of it, is enough. binutils' strip takes out the
# symbols that wheels bring for debuggers. Both stay in this stage.
RUN apt-get update --quiet=2 && \
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends binutils >/dev/null && \
    python3 -m venv /opt/uv && /opt/uv/bin/python -m pip install --quiet --no-cache-dir uv==${UV}
WORKDIR /source
# What an image needs beside what all need is the extra of its name, where there is one. Dependencies come first,
# alone: they change seldom, so this layer is kept.
ARG IMAGE
COPY pyproject.toml uv.lock ./
RUN grep -q "^${IMAGE} = \[" pyproject.toml && extra="--extra ${IMAGE}"; \
    /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-install-project ${extra:-}
COPY README.md LICENSE ./
COPY proto/gen proto/gen
COPY operator operator
COPY services services
ARG SOURCE_DATE_EPOCH=0
# Bytecode that is found by the hash of its source does not depend on times; unchecked, for the files never change.
# uv notes when it installed what; nobody asks.
# What only building, testing or debugging of libraries needs goes; and the modes of the checkout, which has its own.
RUN grep -q "^${IMAGE} = \[" pyproject.toml && extra="--extra ${IMAGE}"; \
    /opt/uv/bin/uv sync --quiet --frozen --no-default-groups --no-editable ${extra:-} && \
    cd /opt/judgemesh && rm -rf lib/python*/site-packages/*/tests lib/python*/site-packages/*.dist-info/uv_cache.json && \
    sed -i /uv_cache.json/d lib/python*/site-packages/*.dist-info/RECORD && \
    find lib -name "*.so" -exec strip --strip-unneeded {} + && \
    bin/python -m compileall -q --invalidation-mode unchecked-hash lib && \
    ln -s lib/python3*/site-packages site && \
    chmod -R u=rwX,go=rX /opt/judgemesh && \
    find /opt/judgemesh -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM ${PYTHON}
ARG IMAGE
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="judgemesh/${IMAGE}" \
      org.opencontainers.image.description="A coding-contest platform and its service mesh: ${IMAGE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/judgemesh /opt/judgemesh
# The root may be read-only: nothing is written but to the volume at /tmp.
ENV PATH=/opt/judgemesh/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# Programs ask what their user is called.
RUN echo "judgemesh:x:65532:65532::/tmp:/usr/sbin/nologin" >> /etc/passwd && echo "judgemesh:x:65532:" >> /etc/group
USER 65532:65532
# The module to run is the first argument.
ENTRYPOINT ["/opt/judgemesh/bin/python", "-m"]
