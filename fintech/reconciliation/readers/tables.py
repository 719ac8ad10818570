"""
Comma-separated files in all their dialects: any delimiter, any encoding, rows before the header.

A table is found by a header row that has the columns a reader needs; what stands before it is
kept as its preamble. Only one row is in memory. A row that breaks the syntax is told with its
line and does not end the file.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from fintech.reconciliation.readers import decoding
from fintech.reconciliation.readers.staging import clean

DELIMITERS = ",;\t|"
HEADER_WITHIN = 40  # Rows; a header further down is none.
NAME_MAX = 200  # Characters of a column's name.
FIELD_MAX = 100_000  # Characters of one cell.
SAMPLES = 500  # Lines looked at to tell how amounts and dates are written.
csv.field_size_limit(FIELD_MAX)

type Cells = list[str]


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that is not CSV."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row under a header: cells by the normalized name of their column."""

    line: int
    cells: Cells
    columns: dict[str, tuple[int, ...]]

    def text(self, *names: str) -> str:
        """Return the first cell under any of the names that is not empty."""
        for name in names:
            for index in self.columns.get(name, ()):
                if index < len(self.cells) and (found := self.cells[index].strip()):
                    return found
        return ""

    def has(self, *names: str) -> bool:
        """Whether the table has a column of any of the names."""
        return any(name in self.columns for name in names)

    def shown(self) -> str:
        """Return the row for people, cut."""
        return clean(",".join(cell[:100] for cell in self.cells[:40]), 300)


@dataclass(frozen=True, slots=True)
class Table:
    """Where in a file a table begins, and how its cells are parted."""

    delimiter: str
    header_line: int
    header: tuple[str, ...]
    preamble: tuple[Cells, ...] = ()
    columns: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def rows(self, content: BinaryIO) -> Iterator[Row | Broken]:
        """Yield the rows below the header; empty ones are left out."""
        yield from self._rows(decoding.lines(content))

    def _rows(self, lines: Iterator[str]) -> Iterator[Row | Broken]:
        for cells in parse(lines, self.delimiter):
            if isinstance(cells, Broken):
                if cells.line > self.header_line:
                    yield cells
                continue
            line, found = cells
            if line > self.header_line and any(cell.strip() for cell in found):
                yield Row(line, found, self.columns)

    def samples(self, content: BinaryIO, names: Iterable[str]) -> list[str]:
        """Return what stands in some columns of the first rows."""
        wanted = [index for name in names for index in self.columns.get(name, ())]
        return [
            cell
            for row in self._rows(islice(decoding.lines(content), self.header_line + SAMPLES))
            if isinstance(row, Row)
            for index in wanted
            if index < len(row.cells) and (cell := row.cells[index].strip())
        ]


def find(content: BinaryIO, is_header: Callable[[frozenset[str]], bool]) -> Table | None:
    """Find the table whose header has what a reader needs."""
    lines = list(islice(decoding.lines(content), HEADER_WITHIN))
    return find_in(lines, is_header)


def find_in(lines: list[str], is_header: Callable[[frozenset[str]], bool]) -> Table | None:
    """Find the table among the first lines of a file."""
    for delimiter in DELIMITERS:
        before: list[Cells] = []
        for parsed in parse(iter(lines), delimiter):
            if isinstance(parsed, Broken):
                continue
            line, cells = parsed
            header = tuple(normalized(cell) for cell in cells[:1_000])
            if is_header(frozenset(header)):
                columns: dict[str, tuple[int, ...]] = {}
                for index, name in enumerate(header):
                    if name:
                        columns[name] = (*columns.get(name, ()), index)
                return Table(delimiter, line, header, tuple(before), columns)
            before.append(cells)
    return None


def parse(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, Cells] | Broken]:
    """Yield rows with the line on which they end; a row that is not CSV is told as such."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            yield Broken(begins, f"the CSV is broken: {broken}")
            continue
        yield reader.line_num, cells


def normalized(name: str) -> str:
    """Return a column's name without case, quotes and doubled blanks."""
    plain = name.strip().strip("\ufeff\"'")[:NAME_MAX]
    return " ".join(plain.lower().replace("_", " ").split())
