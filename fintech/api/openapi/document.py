"""The document itself, as `/v1/openapi.json` serves it."""

import re
from typing import Any

from fintech.api.codec.fields import Field, Metadata, Range, object_schema
from fintech.api.openapi import objects
from fintech.api.operations import Operation
from fintech.wire import errors, instance, merchant_events
from fintech.wire.events import API_VERSION

type Json = dict[str, Any]

_SCHEMA = "#/components/schemas/"
_ABOUT = """Payments, wallets, a provable ledger, fraud decisions and reconciliation.

Send JSON; bracketed forms are an equal encoding of the same parameters. Amounts are whole
minor units with a lower-case currency; times are unix seconds. Send an `Idempotency-Key`
with every POST. A parameter that is not declared is refused, never ignored; clients ignore
fields that they do not know."""


def document(operations: list[Operation]) -> Json:
    """Return the OpenAPI 3.1 document of these operations."""
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Payment platform",
            "version": API_VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": instance.current().base_url}],
        "security": [{"bearer": []}, {"basic": []}],
        "tags": [{"name": tag} for tag in sorted({_tag(one) for one in operations})],
        "paths": dict(sorted(paths.items())),
        "webhooks": {name: _webhook(name) for name in merchant_events.types()},
        "components": {
            "schemas": {
                **{name: objects.schema_of(name) for name in objects.names()},
                "dry_run": _dry_run(),
                "error": _error(),
            },
            "responses": {"refused": _refused()},
            "headers": _headers(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A secret key."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A secret key as the user name, no password.",
                },
            },
        },
    }


def _operation(operation: Operation) -> Json:
    told: Json = {
        "operationId": operation.name.replace(".", "_"),
        "summary": operation.summary.partition("\n")[0],
        "tags": [_tag(operation)],
        "x-scope": operation.scope,
        "parameters": _parameters(operation),
        "responses": {
            "200": {
                "description": "Done.",
                "headers": {
                    name: {"$ref": f"#/components/headers/{name}"}
                    for name in ("Request-Id", "API-Version", "RateLimit", "RateLimit-Policy")
                },
                "content": {
                    "application/json": {
                        "schema": _answer(operation),
                        "example": _example(operation),
                    }
                },
            },
            **{
                str(status): {"$ref": "#/components/responses/refused"}
                for status in _statuses(operation)
            },
        },
    }
    if operation.takes_content:
        file = {"type": "string", "format": "binary"}
        told["requestBody"] = {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": file},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": file},
                        "required": ["file"],
                        "additionalProperties": False,
                    }
                },
            },
        }
    elif operation.is_write:
        told["requestBody"] = _body(operation)
    return told


def _tag(operation: Operation) -> str:
    return operation.name.partition(".")[0]


def _parameters(operation: Operation) -> list[Json]:
    told: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    if not operation.is_write:
        told += [_query(name, rule) for name, rule in operation.parameters.items()]
    elif operation.method == "POST":
        told.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same key has one effect and the same answer, for 72 hours.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    if operation.rehearses:
        told.append(
            {
                "name": "Dry-Run",
                "in": "header",
                "description": "`true`: say what it would do, and do nothing.",
                "schema": {"enum": ["true", "false"]},
            }
        )
    return told


def _query(name: str, rule: Field) -> Json:
    schema = rule.described()
    if not rule.required and "pattern" in schema:
        schema["pattern"] = f"^({schema['pattern'].strip('^$')})?$"  # Empty means unset.
    told: Json = {
        "name": f"{name}[]" if schema.get("type") == "array" else name,
        "in": "query",
        "required": rule.required,
        "schema": schema,
    }
    about = schema.pop("description", "")
    if about:
        told["description"] = about
    if isinstance(rule, Range):
        told |= {"style": "deepObject", "explode": True}
    return told


def _body(operation: Operation) -> Json:
    schema = object_schema(operation.parameters)
    example = {
        name: rule.example
        for name, rule in operation.parameters.items()
        if rule.required and rule.example is not None
    }
    content: Json = {"schema": schema}
    if example.keys() >= {name for name, rule in operation.parameters.items() if rule.required}:
        content["example"] = example
    encodings = {
        name: {"style": "deepObject", "explode": True}
        for name, rule in operation.parameters.items()
        if isinstance(rule, Metadata) or rule.schema().get("type") in {"object", "array"}
    }
    return {
        "required": bool(schema.get("required")),
        "content": {
            "application/json": content,
            "application/x-www-form-urlencoded": {**content, "encoding": encodings},
        },
    }


# What is still found by its id after it was deleted, and says so.
_LEAVE_A_STONE = frozenset({"customer", "product"})


def _answer(operation: Operation) -> Json:
    if operation.returns == "list":
        return {
            "type": "object",
            "properties": {
                "object": {"const": "list"},
                "url": {"type": "string"},
                "has_more": {"type": "boolean"},
                "data": {"type": "array", "items": {"$ref": _SCHEMA + operation.of}},
            },
            "required": ["data", "has_more", "object", "url"],
        }
    whole = {"$ref": _SCHEMA + operation.returns}
    if operation.returns in _LEAVE_A_STONE and operation.method != "POST":
        return {"anyOf": [whole, {"$ref": _SCHEMA + "deleted"}]}
    if operation.method == "DELETE":
        return {"$ref": _SCHEMA + "deleted"}
    if operation.rehearses:
        return {"anyOf": [whole, {"$ref": f"{_SCHEMA}dry_run"}]}
    return whole


def _dry_run() -> Json:
    line = {"type": "object"}
    arrays = {
        name: {"type": "array", "items": line}
        for name in ("balances", "fees", "limits", "postings")
    }
    told = {name: {"type": ["object", "null"]} for name in ("assessment", "result")}
    properties = {"object": {"const": "dry_run"}, **arrays, **told}
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _example(operation: Operation) -> Json:
    if operation.returns == "list":
        return {
            "object": "list",
            "url": operation.path,
            "has_more": False,
            "data": objects.samples_of(operation.of)[:1],
        }
    if operation.method == "DELETE":
        return {**objects.samples_of("deleted")[0], "object": operation.returns}
    return objects.samples_of(operation.returns)[0]


# What a client may ask for only as the version it has seen.
_HEED_IF_MATCH = frozenset(
    f"wallets.{name}"
    for name in ("update", "freeze", "unfreeze", "close", "add_currencies", "set_minimum_balance")
)


def _statuses(operation: Operation) -> list[int]:
    told = {400, 401, 403, 406, 414, 429, 431, 500, 503}
    if "{" in operation.path:
        told.add(404)
    if operation.method != "GET":
        told |= {408, 409, 413}
    if operation.method == "POST":
        told.add(402)
    if operation.name in _HEED_IF_MATCH:
        told.add(412)
    return sorted(told)


def _error() -> Json:
    text, maybe = {"type": "string"}, {"type": ["string", "null"]}
    fault = {
        "type": "object",
        "properties": {"code": text, "message": text, "param": text},
        "required": ["code", "message", "param"],
    }
    return {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "type": {
                        "type": "string",
                        "enum": sorted({line.type for line in errors.CATALOGUE.values()}),
                    },
                    "code": {"type": "string", "enum": sorted(errors.CATALOGUE)},
                    "message": text,
                    "param": maybe,
                    "request_id": text,
                    "doc_url": {"type": "string", "format": "uri"},
                    "decline_code": text,
                    "charge": text,
                    "payment_intent": {"$ref": _SCHEMA + "payment_intent"},
                    "required_scope": text,
                    "existing_resource": {"type": "object"},
                    "differing_fields": {"type": "array", "items": text},
                    "breaches": {"type": "array", "items": text},
                    "errors": {"type": "array", "items": fault},
                },
                "required": ["code", "doc_url", "message", "param", "request_id", "type"],
            }
        },
        "required": ["error"],
    }


def _refused() -> Json:
    line = errors.CATALOGUE["parameter_missing"]
    return {
        "description": "Refused, and nothing was done; the code says why.",
        "content": {
            "application/json": {
                "schema": {"$ref": _SCHEMA + "error"},
                "example": {
                    "error": {
                        "code": line.code,
                        "doc_url": f"{instance.current().base_url}/docs/errors#{line.code}",
                        "message": "This parameter is required.",
                        "param": "amount",
                        "request_id": "req_1",
                        "type": line.type,
                    }
                },
            }
        },
    }


def _headers() -> Json:
    text = {"type": "string"}
    return {
        "API-Version": {"description": "The version of this contract.", "schema": text},
        "Request-Id": {"description": "Names the request in every log.", "schema": text},
        "RateLimit": {"description": "How many more may follow at once.", "schema": text},
        "RateLimit-Policy": {"description": "How many are admitted per second.", "schema": text},
    }


def _webhook(name: str) -> Json:
    return {
        "post": {
            "operationId": f"webhook_{name.replace('.', '_')}",
            "summary": f"Delivered to endpoints that listen to {name}.",
            "requestBody": {
                "content": {"application/json": {"schema": {"$ref": _SCHEMA + "event"}}}
            },
            "responses": {"2XX": {"description": "Heard."}},
        }
    }
