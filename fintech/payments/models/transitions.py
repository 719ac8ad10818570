"""
What the machines allow, read from their declarations.

The database refuses every other pair of states: the trigger's pairs are written into a
migration, and a test compares them with what is declared here.
"""

from collections.abc import Sequence
from typing import Any

from django.db import models

Pair = tuple[str, str]


def edges(model: type[models.Model]) -> list[tuple[str, str, str]]:
    """Return source, target and name of every declared transition."""
    declared: Any = model
    found = {
        (str(move.source), str(move.target), move.name)
        for move in declared().get_all_state_transitions()
    }
    return sorted(found)


def pairs(model: type[models.Model]) -> list[Pair]:
    """
    Return each pair of states that one commit may leave behind it.

    That is every declared edge between two states, the compound moves that a machine
    names in `TOGETHER`, and ("", state) for the states in which a row may be born.
    """
    declared: Any = model
    single = {(source, target) for source, target, _ in edges(model) if source != target}
    together = {(str(source), str(target)) for source, target in declared.TOGETHER}
    born = {("", str(state)) for state in declared.BORN}
    return sorted(single | together | born)


def guard_sql(table: str, allowed: Sequence[Pair]) -> str:
    """Return the SQL of a trigger that refuses every other pair of states."""
    listed = ", ".join(f"'{source}>{target}'" for source, target in allowed)
    return f"""
CREATE OR REPLACE FUNCTION {table}_moves_along_its_machine() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  pair text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.state END || '>' || NEW.state;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.state = NEW.state THEN
    RETURN NEW;
  END IF;
  IF pair <> ALL (ARRAY[{listed}]) THEN
    RAISE EXCEPTION '{table} moves along its machine: % is not a move', pair
      USING ERRCODE = 'check_violation', CONSTRAINT = '{table}_moves_along_its_machine';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER {table}_moves_along_its_machine
  BEFORE INSERT OR UPDATE OF state ON {table}
  FOR EACH ROW EXECUTE FUNCTION {table}_moves_along_its_machine();
"""


def unguard_sql(table: str) -> str:
    """Return the SQL that takes the trigger away again."""
    return f"DROP FUNCTION IF EXISTS {table}_moves_along_its_machine() CASCADE;"


def mermaid(model: type[models.Model]) -> str:
    """Draw a machine for the docs, from its declarations."""
    lines = ["stateDiagram-v2"]
    declared: Any = model
    lines += [f"    [*] --> {state}" for state in declared.BORN[:1]]
    lines += [f"    {source} --> {target}: {name}" for source, target, name in edges(model)]
    return "\n".join(lines) + "\n"
