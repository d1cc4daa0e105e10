"""A session through the generated Python client: log in, build a small BOM, read it back, meet two refusals.

Every value comes out of a generated model, so a response that the document describes wrongly fails here.
"""

import importlib
import os
import typing
import uuid

from yuantus_client import AuthenticatedClient, Client

API = os.environ["YUANTUS_TEST_API"]
TENANT = os.environ["YUANTUS_TEST_TENANT"]
ORG = os.environ["YUANTUS_TEST_ORG"]
HEADERS = {"x-tenant-id": TENANT, "x-org-id": ORG}


def call(client, operation, body=None, **parameters):
    """Runs `tag.operation_id`; ids are given as text, the body as a dict in the shape of the operation's model."""
    detailed = importlib.import_module(f"yuantus_client.api.{operation}").sync_detailed
    hints = typing.get_type_hints(detailed)
    for name, value in parameters.items():
        if hints[name] is uuid.UUID:
            parameters[name] = uuid.UUID(value)
    if body is not None:
        parameters["body"] = hints["body"].from_dict(body)
    return detailed(client=client, **parameters)


def expect(response, status):
    """The parsed model; it must exist, since every status met here is in the document."""
    assert response.status_code == status, (response.status_code, response.content)
    assert response.parsed is not None, f"{status} is not in the document"
    return response.parsed


def log_in(password):
    body = {
        "tenant_id": TENANT,
        "org_id": ORG,
        "username": os.environ["YUANTUS_TEST_USER"],
        "password": password,
    }
    return call(Client(base_url=API), "auth.login", body)


def add_part(client, name):
    number = f"PY-{uuid.uuid4().hex[:8].upper()}"
    body = {"type": "Part", "action": "add", "properties": {"item_number": number, "name": name}}
    return expect(call(client, "aml.apply_aml", body), 200).to_dict()["id"]


def main():
    token = expect(log_in(os.environ["YUANTUS_TEST_PASSWORD"]), 200)
    client = AuthenticatedClient(base_url=API, token=token.access_token, headers=dict(HEADERS))

    me = expect(call(client, "auth.get_me"), 200)
    assert (me.tenant_id, me.username) == (TENANT, os.environ["YUANTUS_TEST_USER"]), me

    metadata = expect(call(client, "aml.get_item_type_metadata", item_type_name="Part"), 200)
    assert "item_number" in [each.name for each in metadata.properties], metadata

    bicycle, wheel = add_part(client, "Bicycle"), add_part(client, "Wheel")
    added = expect(call(client, "bom.add_bom_child", {"child_id": wheel, "quantity": 2}, parent_id=bicycle), 200)
    assert added.ok, added

    tree = expect(call(client, "bom.get_bom_tree", parent_id=bicycle), 200).to_dict()
    assert tree["name"] == "Bicycle", tree
    [line] = tree["children"]
    assert (line["child"]["id"], float(line["relationship"]["quantity"])) == (wheel, 2.0), line

    unknown = expect(call(client, "bom.get_bom_tree", parent_id=str(uuid.uuid4())), 404)
    assert unknown.detail, unknown
    refused = expect(log_in("not the password"), 401)
    assert refused.detail == "Invalid credentials", refused
    nobody = expect(call(Client(base_url=API, headers=dict(HEADERS)), "auth.get_me"), 401)
    assert nobody.detail, nobody
    print("Python client: session held")


main()
