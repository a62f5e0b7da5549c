"""Who may read the pages, and who sees ids of persons."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard.serve.knobs import Serve
from tests.served_pages import KNOBS, pages_over
from warehouse.errors import UsageError

TOKEN = "a-token-of-twenty-nine-letters"


@pytest.fixture
def guarded(shop: Path, tmp_path: Path) -> TestClient:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    return pages_over(shop, knobs={"token_file": str(tmp_path / "token")})


def test_without_the_token_nothing_is_shown(guarded: TestClient) -> None:
    for path in ("/", "/channels/roas.csv", "/openapi.json", "/static/page.js"):
        assert guarded.get(path).status_code == 401
    assert guarded.get("/", headers={"authorization": "Bearer another"}).status_code == 401


def test_a_page_opened_with_the_token_once_stays_open_and_the_address_loses_it(guarded: TestClient) -> None:
    answer = guarded.get(f"/paths?lang=ko&token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "http://testserver/paths?lang=ko")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert guarded.get("/paths").status_code == 200


def test_a_program_gives_the_token_in_a_header(guarded: TestClient) -> None:
    assert guarded.get("/overview/kpis.json", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_behind_a_proxy_only_whom_it_names_reads(shop: Path) -> None:
    pages = pages_over(shop, knobs={"user_header": "X-Forwarded-User"})
    assert pages.get("/").status_code == 401
    assert pages.get("/", headers={"X-Forwarded-User": "mina"}).status_code == 200


def test_a_page_of_another_site_cannot_pass_its_own_name_for_this_server(shop: Path) -> None:
    assert pages_over(shop).get("/", headers={"host": "evil.example"}).status_code == 421


def test_a_short_or_missing_token_is_refused_before_anything_is_served(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short", encoding="utf-8")
    with pytest.raises(UsageError, match="the token has 5 characters; it needs 20 or more"):
        pages_over(shop, knobs={"token_file": str(tmp_path / "token")})
    with pytest.raises(UsageError, match=r"serve.token_file: .*nothing cannot be read"):
        pages_over(shop, knobs={"token_file": str(tmp_path / "nothing")})


def test_an_address_that_others_reach_needs_a_token_or_a_proxy() -> None:
    open_to_all = Serve(**{**KNOBS.model_dump(), "host": "0.0.0.0"})
    assert [misfit.place for misfit in open_to_all.misfits()] == [("host",)]
    assert list(Serve(**{**KNOBS.model_dump(), "host": "0.0.0.0", "user_header": "X-User"}).misfits()) == []
