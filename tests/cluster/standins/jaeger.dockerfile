# docker.io/jaegertracing/all-in-one: arguments go to the program.
FROM docker.io/library/python:3.13-slim
COPY jaeger /go/bin/all-in-one-linux
USER 65532:65532
ENTRYPOINT ["/go/bin/all-in-one-linux"]
