#!/bin/sh
# Runs once, when the database server is first started: the role that Yuantus uses. It may create databases, owns those it
# creates, and may nothing else.
set -eu
: "${DATABASE_PASSWORD:?the password of the role yuantus}"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv password DATABASE_PASSWORD
CREATE ROLE yuantus LOGIN CREATEDB PASSWORD :'password';
SQL
