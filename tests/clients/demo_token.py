"""Prints a token of the demo's administrator."""

import json
import os
import urllib.request

login = {
    "tenant_id": os.environ["YUANTUS_TEST_TENANT"],
    "org_id": os.environ["YUANTUS_TEST_ORG"],
    "username": os.environ["YUANTUS_TEST_USER"],
    "password": os.environ["YUANTUS_TEST_PASSWORD"],
}
request = urllib.request.Request(
    os.environ["YUANTUS_TEST_ORIGIN"] + "/api/v1/auth/login",
    data=json.dumps(login).encode(),
    headers={"content-type": "application/json"},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    print(json.load(answer)["access_token"])
