# docker.io/envoyproxy/envoy: the program on PATH, a shell, an unprivileged user.
FROM docker.io/library/python:3.13-slim
COPY envoy /usr/local/bin/envoy
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/envoy"]
