"""Answers against the OpenAPI document: every answer of every test is looked at."""

import re
from functools import cache
from typing import Any

from fintech.api.openapi.document import document
from fintech.api.urls import OPERATIONS

KINDS = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


@cache
def the_document() -> dict[str, Any]:
    return document(OPERATIONS)


@cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    found = []
    for template in the_document()["paths"]:
        pattern = re.sub(r"\\\{key\\\}", ".+", re.escape(template))
        found.append((re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)), template))
    return sorted(found, key=lambda one: one[1].count("{"))


def violations(method: str, path: str, status: int, body: Any) -> list[str]:
    """Where an answer is not what the document says of its operation."""
    if not path.startswith("/v1/"):
        return []
    schema = {"$ref": "#/components/schemas/error"}
    template = next((name for pattern, name in _routes() if pattern.fullmatch(path)), "")
    operation = the_document()["paths"].get(template, {}).get(method.lower())
    if operation and str(status) not in operation["responses"]:
        return [f"{status} is not documented"]
    if status == 200:
        told = operation["responses"]["200"]
        schema = told["content"]["application/json"]["schema"]
    return faults(schema, body, "answer")


def faults(schema: dict[str, Any], value: Any, where: str) -> list[str]:
    """Where a value is not what a schema says."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return faults(the_document()["components"]["schemas"][name], value, where)
    if "anyOf" in schema:
        tried = [faults(one, value, where) for one in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    if "const" in schema and value != schema["const"]:
        return [f"{where} is {value!r}, not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} is {value!r}, not one of {schema['enum']}"]
    kinds = schema.get("type", list(KINDS))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(type(value) is KINDS[kind] for kind in kinds):
        return [f"{where} is {type(value).__name__}, not {kinds}"]
    found = []
    if isinstance(value, dict):
        found += [
            f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value
        ]
        for name, rule in schema.get("properties", {}).items():
            if name in value:
                found += faults(rule, value[name], f"{where}.{name}")
        unknown = set(value) - set(schema.get("properties", value))
        found += [f"{where}.{name} is not documented" for name in sorted(unknown)]
    if isinstance(value, list):
        for place, item in enumerate(value):
            found += faults(schema.get("items", {}), item, f"{where}[{place}]")
    return found
