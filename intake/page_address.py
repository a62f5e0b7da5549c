"""Addresses of pages with what a tracker has beside them: click ids and campaign ids that the address lacks."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F


def with_parameters(page: Column, parameters: Mapping[str, Column], *, without_page: Column | None = None) -> Column:
    """The address with those of `parameters` (name: value) that have a value and that it does not name already.

    They stand at the end of its query, before a fragment: links are read in one place, whoever took them apart before.
    Where there is no page, `without_page` takes them; null where that is null too, or where nothing has a value.
    """
    known = F.lower(F.coalesce(page, F.lit("")))
    added = F.concat_ws(
        "&",
        *(
            F.when(value.isNotNull() & ~_names(known, name), F.concat(F.lit(f"{name}="), F.url_encode(value)))
            for name, value in parameters.items()
        ),
    )
    base = page if without_page is None else F.coalesce(page, without_page)
    has_fragment = F.contains(base, F.lit("#"))
    before = F.when(has_fragment, F.substring(base, F.lit(1), F.instr(base, "#") - 1)).otherwise(base)
    fragment = F.when(has_fragment, F.substring(base, F.instr(base, "#"), F.length(base))).otherwise(F.lit(""))
    mark = F.when(F.contains(before, F.lit("?")), F.lit("&")).otherwise(F.lit("?"))
    return F.when((added != "") & base.isNotNull(), F.concat(before, mark, added, fragment)).otherwise(page)


def app_address(app_id: Column) -> Column:
    """The address of an app itself, for what is known of a visit that has no page: app://com.shop.app/."""
    return F.concat(F.lit("app://"), F.coalesce(app_id, F.lit("app")), F.lit("/"))


def _names(page: Column, parameter: str) -> Column:
    return F.contains(page, F.lit(f"?{parameter}=")) | F.contains(page, F.lit(f"&{parameter}="))
