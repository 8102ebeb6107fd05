# docker.io/library/nats: arguments go to the server.
FROM docker.io/library/python:3.13-slim
COPY nats-server /usr/local/bin/nats-server
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/nats-server"]
