"""published/lineage.json: the inputs of every recipe, for readers, which import no recipe."""

from __future__ import annotations

import json

from jobs.check import RECIPES
from warehouse.tables import ALL_TABLES


def lineage_file() -> str:
    """The text of the file: each table of silver and gold with the tables it is made from, in the order of the flow."""
    inputs = {
        recipe.table.full_name: [table.full_name for table in ALL_TABLES if table in recipe.inputs]
        for recipe in RECIPES
    }
    return json.dumps(inputs, indent=2) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(lineage_file())
