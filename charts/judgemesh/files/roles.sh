# A role and a schema for each service, as the superuser. Running it again changes nothing but passwords.
# SERVICES names the services; PASSWORD_<service> is what its role logs in with, where the chart decides it.
set -eu

seconds=0
until pg_isready --quiet; do
  seconds=$((seconds + 1))
  [ "$seconds" -lt "$WAIT_SECONDS" ] || { echo "PostgreSQL does not answer" >&2; exit 1; }
  sleep 1
done

psql --quiet --set ON_ERROR_STOP=1 <<'SQL'
SELECT 'CREATE DATABASE judgemesh' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'judgemesh') \gexec
REVOKE ALL ON DATABASE judgemesh FROM PUBLIC;
SQL

for service in $SERVICES; do
  eval "password=\${PASSWORD_$service-}"
  [ -n "$password" ] || continue
  psql --quiet --dbname judgemesh --set ON_ERROR_STOP=1 \
    --set role="judgemesh_$service" --set schema="$service" --set password="$password" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN NOINHERIT', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" PASSWORD :'password';
ALTER ROLE :"role" SET search_path = :"schema";
GRANT CONNECT ON DATABASE judgemesh TO :"role";
GRANT :"role" TO CURRENT_USER;
CREATE SCHEMA IF NOT EXISTS :"schema" AUTHORIZATION :"role";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL
  echo "$service: role and schema are there"
done
