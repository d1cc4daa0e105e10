"""The production mode of docker/compose.yaml without containers: the same processes with the same environment.

Only what a container would bring is exchanged: the names of the database and S3 servers, and the address to listen on.
PostgreSQL and the S3 server come from scripts/test-servers.sh, which scripts/check-compose.sh starts.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
import traceback

import compose_file
from processes import Api, Machine

NUMBER = "P-1"


def main():
    with tempfile.TemporaryDirectory(prefix="yuantus-compose.") as folder:
        machine = Machine(os.environ["YUANTUS_BIN"], folder)
        try:
            check(machine)
        except BaseException:
            traceback.print_exc()
            machine.show_logs()
            return 1
        finally:
            machine.kill_all()
    print("production mode: all checks passed")
    return 0


def check(machine):
    variables = filled()
    refuses_every_missing_secret(variables)
    services = compose_file.services(variables, machine.folder)
    makes_the_role(services)
    makes_the_bucket(services)

    api, worker, migrate = (native(services[name], machine) for name in ("api", "worker", "migrate"))
    assert machine.run(*api).returncode != 0, "a server starts although nothing is migrated"
    for _ in ("the first start", "every later one"):
        run(machine, *migrate)

    first, second = machine.start("api-1", *api), machine.start("api-2", *api)
    jobs = machine.start("worker", *worker)
    one, two = first.address(), second.address()
    for origin in (one, two):
        run(machine, ["healthcheck", "--url", origin], api[1])

    serves_two_tenants_apart(machine, api[1], one, two)
    run(machine, *migrate)
    assert jobs.popen.poll() is None, "the worker ended"
    for process in (first, second, jobs):
        assert process.stop() == 0, f"{process.name} ended with {process.popen.returncode}"
    assert machine.run(["healthcheck", "--url", one], api[1]).returncode == 1
    kept = os.listdir(api[1]["YUANTUS_DATA_DIR"])
    assert kept == [], f"containers would keep state: {kept}"


def filled():
    """The variables as an installation has them: the secrets are those of the test's servers, or drawn."""
    variables = compose_file.example()
    drawn = {name: secrets.token_hex(24) for name, value in variables.items() if name in required()}
    return variables | drawn | {
        "YUANTUS_S3_ACCESS_KEY_ID": os.environ["YUANTUS_TEST_S3_ACCESS_KEY_ID"],
        "YUANTUS_S3_SECRET_ACCESS_KEY": os.environ["YUANTUS_TEST_S3_SECRET_ACCESS_KEY"],
        # What PostgreSQL's image would have been started with.
        "POSTGRES_PASSWORD": superuser_password(),
    }


def required():
    return [name for name, value in compose_file.example().items() if not value and name != "YUANTUS_SERVER__PUBLIC_URL"]


def refuses_every_missing_secret(variables):
    assert len(required()) == 5, required()
    for name in required():
        try:
            compose_file.read(variables | {name: ""})
        except compose_file.Refused as refused:
            assert name in str(refused), refused
        else:
            raise AssertionError(f"it starts without {name}")


def postgres_port():
    return os.environ["YUANTUS_TEST_POSTGRES_PORT"]


def superuser_password():
    folder = os.path.dirname(os.environ["YUANTUS_TEST_S3_ROOT"])
    with open(os.path.join(folder, "superuser"), encoding="utf-8") as file:
        return file.read().strip()


def psql(statement):
    environment = {"PATH": os.environ["PATH"], "PGPASSWORD": superuser_password(), "PGHOST": "127.0.0.1"}
    environment |= {"PGPORT": postgres_port(), "PGUSER": "postgres", "PGDATABASE": "postgres"}
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout.split()


def makes_the_role(services):
    """As the image does at its first start, where no such role is."""
    psql("DROP ROLE IF EXISTS yuantus")
    given = services["postgres"]["environment"]
    environment = {"PATH": os.environ["PATH"], "POSTGRES_USER": "postgres", **given}
    environment |= {"PGHOST": "127.0.0.1", "PGPORT": postgres_port(), "PGPASSWORD": given["POSTGRES_PASSWORD"]}
    script(environment, "postgres", "role.sh")
    assert psql("SELECT rolcreatedb AND NOT rolsuper AND NOT rolcreaterole FROM pg_roles WHERE rolname = 'yuantus'") == ["t"]


def makes_the_bucket(services):
    environment = {"PATH": os.environ["PATH"], **services["bucket"]["environment"]}
    environment["S3_ENDPOINT_URL"] = os.environ["YUANTUS_TEST_S3_ENDPOINT"]
    bucket = os.path.join(os.environ["YUANTUS_TEST_S3_ROOT"], environment["S3_BUCKET_NAME"])
    assert not os.path.exists(bucket)
    for _ in ("missing", "there"):
        script(environment, "s3-bucket.sh")
        assert os.path.isdir(bucket)


def script(environment, *path):
    done = subprocess.run(["sh", os.path.join(compose_file.ROOT, "docker", *path)], env=environment, check=False)
    assert done.returncode == 0, f"{path[-1]} ended with {done.returncode}"


def native(service, machine):
    """Arguments and environment of a service, on this machine."""
    environment = {"PATH": os.environ["PATH"], **service["environment"]}
    data = os.path.join(machine.folder, "data")
    os.makedirs(data, exist_ok=True)
    for name in ("YUANTUS_IDENTITY_DATABASE_URL", "YUANTUS_DATABASE_URL_TEMPLATE"):
        exchanged = environment[name].replace("@postgres:5432/", f"@127.0.0.1:{postgres_port()}/")
        assert exchanged != environment[name], f"{name} names another server"
        environment[name] = exchanged
    environment |= {
        "YUANTUS_S3_ENDPOINT_URL": os.environ["YUANTUS_TEST_S3_ENDPOINT"],
        "YUANTUS_DATA_DIR": data,
        "YUANTUS_HOST": "127.0.0.1",
        "YUANTUS_PORT": "0",
    }
    return service["command"], environment


def run(machine, arguments, environment):
    done = machine.run(arguments, environment)
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def serves_two_tenants_apart(machine, environment, one, two):
    """What is written through one server is read through the other, by its own tenant only."""
    tokens, parts = {}, {}
    for tenant in ("acme", "globex"):
        password = secrets.token_hex(8)
        run(machine, ["tenant", "create", tenant, "--admin-password", password], environment)
        tokens[tenant] = Api(one).log_in(tenant, "org-1", "admin", password)
        properties = {"item_number": NUMBER, "name": f"A part of {tenant}"}
        added = Api(one, tokens[tenant]).expect(
            200, "POST", "/aml/apply", {"type": "Part", "action": "add", "properties": properties}
        )
        parts[tenant] = added["id"]
    databases = psql("SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = 'yuantus' ORDER BY 1")
    # New databases are copies of a template, which holds nobody's data.
    tenants = [name for name in databases if "_template_" not in name]
    assert tenants == ["yuantus__acme__org-1", "yuantus__globex__org-1", "yuantus_identity"], databases

    for tenant, other in (("acme", "globex"), ("globex", "acme")):
        mine = Api(two, tokens[tenant])
        seen = mine.expect(200, "GET", f"/aml/Part/{parts[tenant]}")
        assert f"A part of {tenant}" in str(seen), seen
        wanted = {"type": "Part", "action": "get", "properties": {"item_number": NUMBER}}
        found = mine.expect(200, "POST", "/aml/apply", wanted)
        assert parts[tenant] in str(found) and parts[other] not in str(found), found
        mine.expect(404, "GET", f"/aml/Part/{parts[other]}")
        mine.expect(401, "GET", f"/aml/Part/{parts[other]}", headers={"x-tenant-id": other})
    Api(two).expect(401, "GET", f"/aml/Part/{parts['acme']}", headers={"x-tenant-id": "acme", "x-org-id": "org-1"})
    suspends_on_every_server(machine, environment, (one, two), tokens, parts)


def suspends_on_every_server(machine, environment, origins, tokens, parts):
    run(machine, ["tenant", "suspend", "acme", "--reason", "unpaid"], environment)
    time.sleep(1)
    for origin in origins:
        status, answer = Api(origin, tokens["acme"]).call("GET", f"/aml/Part/{parts['acme']}")
        assert status in (401, 403), (status, answer)
        Api(origin, tokens["globex"]).expect(200, "GET", f"/aml/Part/{parts['globex']}")
    run(machine, ["tenant", "resume", "acme"], environment)
    time.sleep(1)
    for origin in origins:
        Api(origin, tokens["acme"]).expect(200, "GET", f"/aml/Part/{parts['acme']}")


if __name__ == "__main__":
    sys.exit(main())
