"""What holds for every adapter, and what a flat export declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from landed_text import Landing
from pyspark.sql import functions as F

from intake import adapters
from intake.adapter import AdAccount, Defaults
from intake.adapters import ADAPTERS, adapter_named
from intake.adapters.orders import orders
from intake.adapters.spend import ad_spend
from intake.flat_export import Computed, Constant, flat_export
from warehouse.errors import InputError, UsageError


def test_an_unknown_adapter_is_a_usage_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no adapter is called 'excel'; there are ad_spend, adjust_events, "):
        adapter_named("excel")


def test_each_adapter_is_listed_under_the_name_of_its_module() -> None:
    modules = Path(adapters.__file__).parent.glob("*/*.py")
    assert sorted(path.stem for path in modules if path.stem != "__init__") == list(ADAPTERS)


def test_a_flat_export_has_fields_from_columns_constants_and_computed_ones(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = flat_export(
        orders.ADAPTER,
        {
            "order_id": Computed(("shop", "no"), lambda shop, no: F.concat_ws("-", shop, no)),
            "user_id": "customer",
            "order_ts": "at",
            "value": Computed(("cents",), lambda cents: cents.try_cast("int") / 100),
            "currency": Constant("EUR"),
        },
        required=("no", "at"),
    )
    monkeypatch.setitem(ADAPTERS, "shop", shop)
    landing.land("1.csv", "at,no,shop,customer,cents,items", "2026-03-01T09:00:00Z,1,a,ann,1250,7")

    (row,) = landing.parsed("shop", "1.csv")

    assert shop.columns == ("shop", "no", "customer", "at", "cents")
    assert (row["reason"], row["order_id"], row["user_id"]) == (None, "a-1", "ann")
    assert (str(row["value"]), row["currency"], row["items"]) == ("12.500000", "EUR", None)


def test_a_flat_export_needs_the_currency_s_column_unless_the_settings_name_accounts(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"date": "day", "platform": "network", "account_id": "account", "spend": "cost", "currency": "unit"}
    monkeypatch.setitem(ADAPTERS, "network", flat_export(ad_spend.ADAPTER, fields))
    landing.land("1.csv", "day,network,account,cost", "2026-03-01,x,1,10")

    with pytest.raises(InputError, match=r"^1\.csv: the header lacks the required column unit"):
        landing.parsed("network", "1.csv")
    (row,) = landing.parsed("network", "1.csv", defaults=Defaults(accounts={"1": AdAccount("KRW", "Asia/Seoul")}))
    assert (row["reason"], row["currency"]) == (None, "KRW")


def test_a_flat_export_with_a_field_that_the_own_format_lacks_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match=r"^not a field of the own format: cost; it has date, platform, "):
        flat_export(ad_spend.ADAPTER, {"date": "day", "cost": "cost"})
