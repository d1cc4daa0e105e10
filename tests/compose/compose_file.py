"""Reads docker/compose.yaml: what each service runs, and with which environment.

Docker Compose reads it where a client is installed. Where none is, this file does, for the few forms that ours uses; where
both can, they must agree.
"""

import json
import os
import re
import shutil
import subprocess

import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
COMPOSE = os.path.join(ROOT, "docker", "compose.yaml")
EXAMPLE = os.path.join(ROOT, "docker", ".env.example")
OLDEST_CLIENT = (2, 24)

VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:?[-?])([^}]*))?\})")


class Refused(Exception):
    """A required variable has no value."""


def example():
    """The variables of .env.example; those that an installation must fill in are empty."""
    with open(EXAMPLE, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def services(variables, folder):
    """Name -> {command, environment, image, ...}. `folder` takes the file of variables that the client reads."""
    here = read(variables)
    client = find_client()
    if client is None:
        print("no Docker Compose client: compose.yaml is read without it")
        return here
    theirs = ask(client, variables, folder)
    for name in here.keys() | theirs.keys():
        for part in ("environment", "command", "image"):
            ours, other = here[name].get(part), theirs[name].get(part)
            assert ours == other, f"{name}: {part} is read as {ours} here and as {other} by {client}"
    return theirs


def read(variables):
    with open(COMPOSE, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    return resolve(document["services"], variables)


def resolve(value, variables):
    if isinstance(value, dict):
        return {key: resolve(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve(inner, variables) for inner in value]
    return VARIABLE.sub(lambda found: substitute(found, variables), value) if isinstance(value, str) else value


def substitute(found, variables):
    if found[0] == "$$":
        return "$"
    name, operator, text = found.groups()
    value = variables.get(name)
    # The colon makes an empty value count as none.
    missing = not value if operator and operator.startswith(":") else value is None
    if not missing:
        return value
    if operator and operator.endswith("?"):
        raise Refused(f"{name}: {text}")
    return text or ""


def find_client():
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        asked = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
        numbers = re.match(r"v?(\d+)\.(\d+)", asked.stdout)
        if asked.returncode == 0 and numbers and tuple(map(int, numbers.groups())) >= OLDEST_CLIENT:
            return command
    return None


def ask(client, variables, folder):
    """As a person starts it: from the root, whose compose.yaml includes ours."""
    env_file = os.path.join(folder, "variables.env")
    with open(env_file, "w", encoding="utf-8") as file:
        file.writelines(f"{name}='{value}'\n" for name, value in variables.items())
    # The caller's own variables would win over the file.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [*client, "--env-file", env_file, "--file", os.path.join(ROOT, "compose.yaml"), "config", "--format", "json"]
    asked = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if asked.returncode != 0:
        raise Refused(asked.stderr.strip())
    return json.loads(asked.stdout)["services"]
