"""Lineage: the tables that readers see as inputs are those of the recipes."""

from __future__ import annotations

from dashboard.serve.lineage_drawing import lineage_drawing, without_detours
from jobs.check import RECIPES
from jobs.lineage_file import lineage_file
from published.lineage import made_from, metrics_of, upstream, used_by
from published.metrics import metrics
from tests.test_architecture import REPOSITORY
from warehouse.tables import TABLES


def test_every_table_is_made_from_the_inputs_of_its_recipe() -> None:
    for recipe in RECIPES:
        assert set(made_from(recipe.table.full_name)) == {table.full_name for table in recipe.inputs}, (
            f"{recipe.table.full_name}: write published/lineage.json again with `make docs`"
        )


def test_the_file_of_lineage_follows_from_the_recipes() -> None:
    assert (REPOSITORY / "published" / "lineage.json").read_text(encoding="utf-8") == lineage_file()


def test_what_a_table_is_used_by_is_the_reverse_of_what_it_is_made_from() -> None:
    assert {(each, made) for each in TABLES for made in used_by(each)} == {
        (source, made) for made in TABLES for source in made_from(made)
    }


def test_every_metric_is_of_one_table() -> None:
    assert sorted(name for table in TABLES for name in metrics_of(table)) == sorted(metrics())


def test_the_way_up_from_a_table_ends_at_what_landed() -> None:
    pairs = upstream("gold.channel_performance")
    sources = {source for source, _ in pairs}
    assert {source for source in sources if not made_from(source)} == {
        "bronze.events",
        "bronze.event_values",
        "bronze.orders",
        "bronze.click_views",
        "bronze.ad_spend",
        "bronze.exchange_rates",
    }
    assert len(pairs) == len(set(pairs))


def test_a_drawing_leaves_out_the_detour_and_names_each_table_once() -> None:
    #  a -> b -> c, and a -> c
    pairs = [("b", "c"), ("a", "c"), ("a", "b")]
    assert without_detours(pairs) == [("b", "c"), ("a", "b")]
    drawing = lineage_drawing("c", pairs, "what c is <made> from")
    assert [drawing.count(f">{name}</text>") for name in "abc"] == [1, 1, 1]
    assert drawing.count("<path") == 2
    assert "&lt;made&gt;" in drawing
    assert drawing.index(">c</text>") > drawing.index(">b</text>")
