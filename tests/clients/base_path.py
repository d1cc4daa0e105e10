"""Prints the base path that an OpenAPI document gives its paths: `/api/v1`, or nothing when the paths hold it."""

import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    servers = json.load(file).get("servers", [])
url = servers[0]["url"] if servers else ""
print(re.sub(r"^https?://[^/]+", "", url).rstrip("/"))
