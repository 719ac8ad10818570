"""
Migration operations for the rules of the house: a schema per room, append-only tables.

Tables keep Django's names and are found by search path. The first operation of a
migration that creates tables is `InSchema`, so that they are created in their room.
The runtime role may use what the owner makes; on append-only tables it may only read
and add, and triggers refuse the rest to the owner as well, TRUNCATE included.
"""

from typing import Any

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

ROOMS = (
    "kernel",
    "merchants",
    "ledger",
    "wallets",
    "fraud",
    "payments",
    "reconciliation",
    "audit",
    "notifications",
    "web",
)
SEARCH_PATH = ",".join(("public", *ROOMS))


class InSchema(Operation):
    """Create a room's schema if it is new, and let this migration's tables be made there."""

    reversible = True

    def __init__(self, schema: str) -> None:
        """Name the room."""
        self.schema = schema

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return how to write this operation down."""
        return "InSchema", [self.schema], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing in Django's view of the models."""

    def database_forwards(
        self,
        app_label: str,  # noqa: ARG002
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        """Create the schema, grant it, and put it first on this transaction's search path."""
        name, role = self.schema, settings.RUNTIME_ROLE
        schema_editor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
        schema_editor.execute(f"GRANT USAGE ON SCHEMA {name} TO {role}")
        schema_editor.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {name} "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
        )
        schema_editor.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT USAGE ON SEQUENCES TO {role}"
        )
        schema_editor.execute(f"SET LOCAL search_path = {name},{SEARCH_PATH}")

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Leave the schema; it may hold what other migrations made."""

    def describe(self) -> str:
        """Say what this does."""
        return f"Make tables in the schema {self.schema}"


class AppendOnly(Operation):
    """Refuse UPDATE, DELETE and TRUNCATE on a table, by grant and by trigger."""

    reversible = True

    def __init__(self, table: str) -> None:
        """Name the table."""
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return how to write this operation down."""
        return "AppendOnly", [self.table], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing in Django's view of the models."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        """Take the grants away and set the triggers."""
        schema_editor.execute(
            f"REVOKE UPDATE, DELETE, TRUNCATE ON {self.table} FROM {settings.RUNTIME_ROLE}"
        )
        schema_editor.execute(_refusal_sql(app_label, self.table), params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        """Take the triggers away again."""
        schema_editor.execute(
            f"DROP FUNCTION IF EXISTS {app_label}.{self.table}_is_append_only() CASCADE"
        )

    def describe(self) -> str:
        """Say what this does."""
        return f"Let {self.table} only grow"


def _refusal_sql(schema: str, table: str) -> str:
    name = f"{table}_is_append_only"
    return f"""
CREATE OR REPLACE FUNCTION {schema}.{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{table} is append-only: % is refused', TG_OP
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = '{name}';
END $$;
CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION {schema}.{name}();
CREATE TRIGGER {name}_whole BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{name}();
"""
