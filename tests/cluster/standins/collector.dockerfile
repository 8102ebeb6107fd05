# docker.io/otel/opentelemetry-collector: arguments go to the program.
FROM docker.io/library/python:3.13-slim
COPY otelcol /otelcol
USER 65532:65532
ENTRYPOINT ["/otelcol"]
CMD ["--config", "/etc/otelcol/config.yaml"]
