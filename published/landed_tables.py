"""Rows of bronze behind a published table: bronze is never published, so they are read as that table saw them."""

from __future__ import annotations

import json

from deltalake import QueryBuilder

from published.delta_files import Row, fetch, open_table
from published.publication import Published, alias
from warehouse.contracts import Table
from warehouse.errors import InputError

LOOKED_BACK = 20  # commits in which the origin of a table's rows is looked for; upkeep's own have none


def rows_behind(published: Published, sql: str, bronze: Table, *, of: Table) -> list[Row]:
    """The rows of a query over the version of `bronze` that the published version of `of` was made from.

    Over its newest version where no commit says which, or where the files of that version are gone. No rows where the
    table does not exist.
    """
    version = made_from(published, bronze, of=of)
    if version is not None:
        try:
            query = QueryBuilder().register(alias(bronze), open_table(published.lake, bronze, version=version))
            return fetch(query, sql, what=bronze.full_name)
        except InputError:
            pass
    return published.newest_rows(sql, bronze)


def made_from(published: Published, bronze: Table, *, of: Table) -> int | None:
    """The version of `bronze` that the published version of `of` was made from; None where no commit says it."""
    table = open_table(published.lake, of, version=published.versions[of.full_name])
    for commit in table.history(LOOKED_BACK):
        if metadata := commit.get("userMetadata"):
            inputs = json.loads(metadata).get("origin", {}).get("inputs", {})
            id_, _, version = str(inputs.get(bronze.full_name, "")).rpartition("@")
            is_same = not id_ or id_ == str(open_table(published.lake, bronze, version=None).metadata().id)
            return int(version) if version and is_same else None
    return None
