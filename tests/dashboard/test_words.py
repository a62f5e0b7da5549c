"""Words: both languages have the same keys and placeholders, and every panel uses keys that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
import yaml

from dashboard import words as words_module
from dashboard.words import LOCALES, capital, words_in
from published.view import Language
from warehouse.knobs import Report

EN, KO = words_in("en"), words_in("ko")
DASHBOARD = Path(words_module.__file__).parent
HANGUL = re.compile("[가-힣]")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def calls() -> Iterator[tuple[str, str, set[str] | None]]:
    """Every words("key", placeholder=...) of the modules: place, key and placeholders, None if passed as **."""
    for path in sorted(DASHBOARD.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "words":
                key = node.args[0]
                if isinstance(key, ast.Constant):
                    names = [keyword.arg for keyword in node.keywords]
                    given = None if None in names else {str(name) for name in names}
                    yield f"{path.name}:{node.lineno}", str(key.value), given


def used_keys() -> set[str]:
    """Keys that modules, templates or chart specs name, in full or as a noun for `counted`."""
    keys = set()
    for path in DASHBOARD.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                keys |= {node.value, f"counts.{node.value}.one", f"counts.{node.value}.other"}
    template = "".join(path.read_text(encoding="utf-8") for path in (DASHBOARD / "templates").iterdir())
    specs = "".join(path.read_text(encoding="utf-8") for path in (DASHBOARD / "charts").iterdir())
    return keys | set(re.findall(r"words\('([\w.]+)'", template)) | set(re.findall(r"\$\{(charts\.\w+)\}", specs))


def test_there_is_a_locale_for_every_language_of_a_view_and_of_the_settings() -> None:
    assert {path.stem for path in LOCALES.glob("*.yaml")} == set(get_args(Language))
    assert get_args(Report.model_fields["language"].annotation) == get_args(Language)


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    english = {key: placeholders(text) for key, text in EN.texts.items()}
    assert {key: placeholders(text) for key, text in KO.texts.items()} == english


@pytest.mark.parametrize("language", get_args(Language))
def test_every_text_is_text_and_no_key_is_repeated(language: Language) -> None:
    assert all(isinstance(text, str) and text for text in words_in(language).texts.values())
    root = yaml.compose((LOCALES / f"{language}.yaml").read_text(encoding="utf-8"))

    def check(node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value]
            assert len(names) == len(set(names)), names
            for _, value in node.value:
                check(value)

    assert isinstance(root, yaml.MappingNode)
    check(root)


def test_every_korean_text_is_korean() -> None:
    # The only texts without Korean letters: terms that are English in Korean too, and texts of placeholders alone.
    foreign = {key for key, text in KO.texts.items() if not HANGUL.search(text)}
    lettered = {key for key in foreign if re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", KO.texts[key]))}
    assert lettered <= {"tiles.roas", "roas_over_time.roas_axis", "spend_and_value.roas"}


def test_panels_use_keys_that_exist_with_all_their_placeholders() -> None:
    found = list(calls())
    assert len(found) > 100
    for place, key, given in found:
        assert key in EN.texts, f"{place}: no text {key}"
        assert given is None or given == placeholders(EN.texts[key]), f"{place}: {key}"


def test_every_text_is_used() -> None:
    by_name = (
        "conversions.",
        "models.",
        "causes.",
        "statuses.",
        "currencies.",
        "pages.",
        "themes.",
        "segments.",
        "runbook.",
        "features.",
        "behaviour.horizons.",
    )
    unused = set(EN.texts) - used_keys()
    assert {key for key in unused if not key.startswith(by_name)} == set()


def test_braces_in_values_are_not_interpreted() -> None:
    assert EN("tiles.on_channels", channels="{0} {x}") == "on {0} {x}"


def test_models_and_types_have_readable_names() -> None:
    models = ("last_touch", "last_non_direct", "time_decay_by_order")
    types = ("sign_up", "app_install")
    assert [capital(EN.model(name)) for name in models] + [capital(EN.conversion(name)) for name in types] == [
        "Last touch",
        "Last non-direct",
        "Time decay by order",
        "Sign-up",
        "App install",
    ]


def test_names_without_a_text_are_shown_with_blanks() -> None:
    assert (EN.model("my_own_model"), KO.model("my_own_model")) == ("my own model", "my own model")
    assert (EN.conversions("generate_lead"), KO.conversions("generate_lead")) == ("generate leads", "generate lead")
    assert EN.currency("CHF") == KO.currency("CHF") == "CHF"
    assert EN.status("waiting") == "waiting"


@pytest.mark.parametrize(("number", "written"), [(0, "0 rows"), (1, "1 row"), (1.2, "1 row"), (1204, "1,204 rows")])
def test_nouns_are_singular_for_one(number: float, written: str) -> None:
    assert EN.counted("row", number) == written


def test_korean_nouns_stay_the_same_and_carry_their_counter() -> None:
    assert [KO.counted("customer", number) for number in (1, 1204)] == ["고객 1명", "고객 1,204명"]
    assert KO.counted_conversions("purchase", 1204) == "구매 1,204건"
    assert [EN.counted_conversions("sign_up", number) for number in (1, 1204)] == ["1 sign-up", "1,204 sign-ups"]
