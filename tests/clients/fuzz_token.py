"""Prints the token of a superuser for the fuzzer, made by the demo's administrator."""

import json
import os
import urllib.error
import urllib.request

API = os.environ["YUANTUS_TEST_ORIGIN"] + "/api/v1"
FUZZER = {"username": "fuzzer", "password": "fuzzer-password", "is_superuser": True}


def post(path, body, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(API + path, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def log_in(username, password):
    scope = {"tenant_id": os.environ["YUANTUS_TEST_TENANT"], "org_id": os.environ["YUANTUS_TEST_ORG"]}
    return post("/auth/login", {**scope, "username": username, "password": password})["access_token"]


try:
    token = log_in(FUZZER["username"], FUZZER["password"])
except urllib.error.HTTPError:
    post("/admin/users", FUZZER, log_in(os.environ["YUANTUS_TEST_USER"], os.environ["YUANTUS_TEST_PASSWORD"]))
    token = log_in(FUZZER["username"], FUZZER["password"])
print(token)
