"""`distributary digest` against servers that answer: what they get, once, and what happens when they do not take it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from deltalake import DeltaTable

from jobs import digest
from jobs.digest import Outcome, send_digests
from jobs.settings import load_settings
from published.digests import SentDigest, record_sent, sent_digests
from tests.published.two_publications import ZONE, Order, Shop, Spend, Touch, at, publish_shops
from tests.published_lake import AS_OF
from warehouse.errors import UsageError

MORNING = datetime(2026, 4, 2, 0, 0, tzinfo=UTC)  # nine o'clock of 2 April in Seoul
NEWEST = AS_OF + timedelta(days=1)
SECRET = "T0-secret-path-of-the-hook"
PASSWORD = "a password for tests"
FIRST = Shop(
    touches=(Touch("a", "ann", at(5), "Paid Search"), Touch("b", "ben", at(3), "Email")),
    orders=(Order("A", "ann", at(3), Decimal(300)), Order("B", "ben", at(2), Decimal(100))),
    spend=(Spend(AS_OF - timedelta(days=3), "brand", "Paid Search", Decimal(40)),),
)
SECOND = replace(
    FIRST.with_order("A", refunded=Decimal(90)),
    orders=(*FIRST.with_order("A", refunded=Decimal(90)).orders, Order("C", "ann", at(-1), Decimal(20))),
    as_of=NEWEST,
)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    publish_shops(tmp_path / "lake", (FIRST, SECOND))
    return tmp_path / "lake"


Answer = tuple[int, dict[str, str]]


class Hook:
    """A webhook that gives these answers in turn, then 200, and keeps what it got."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.got: list[dict[str, Any]] = []

    @contextmanager
    def serve(self) -> Iterator[str]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.got.append({"path": self.path, "type": self.headers["Content-Type"], "body": body})
                code, headers = hook.answers.pop(0) if hook.answers else (200, {})
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok" if code == 200 else f"no, {SECRET}".encode())

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/services/{SECRET}"
        finally:
            server.shutdown()
            server.server_close()


class Mailbox:
    """A mail server's handler: it answers recipients so in turn, then takes all, and keeps the messages."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.got: list[tuple[list[str], EmailMessage, bool]] = []

    async def handle_RCPT(self, _: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.got.append((envelope.rcpt_tos, message, session.ssl is not None))
        return "250 OK"


@contextmanager
def mail_server(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def settings_file(lake: Path, teams: list[dict[str, Any]], **digest_knobs: Any) -> Path:
    file = lake.parent / "shop.yaml"
    knobs = {"teams": teams, **digest_knobs}
    report = {"timezone": ZONE, "currency": "KRW"}
    file.write_text(yaml.safe_dump({"lake": str(lake), "report": report, "digest": knobs}, allow_unicode=True))
    return file


def growth(*to: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"name": "growth", "language": "en", "to": list(to), **other}


HOOK = {"kind": "webhook", "url_env": "GROWTH_HOOK"}
FILE = {"kind": "file", "path": "digests/{day}.md"}


def sent(file: Path, moment: datetime = MORNING, waited: list[float] | None = None, **options: Any) -> list[Outcome]:
    waits = [] if waited is None else waited
    return send_digests(load_settings(file), moment, pause=waits.append, **options)


def states(outcomes: list[Outcome]) -> list[str]:
    return [one.state for one in outcomes]


def test_a_webhook_gets_figures_causes_and_link_and_no_second_message(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_sent(
        str(lake), SentDigest("growth", "webhook GROWTH_HOOK", "figures", AS_OF, "run-1", MORNING - timedelta(1))
    )
    file = settings_file(lake, [growth(HOOK)], pages_url="https://pages.yourshop.internal")
    hook = Hook()
    with hook.serve() as url:
        monkeypatch.setenv("GROWTH_HOOK", url)
        assert states(sent(file)) == ["sent"]
        assert states(sent(file)) == ["sent before"]
        assert len(hook.got) == 1
        assert states(sent(file, again=True)) == ["sent"]
        assert len(hook.got) == 2
    (first, second) = hook.got
    assert first == second
    assert first["path"] == f"/services/{SECRET}"
    assert first["type"] == "application/json; charset=utf-8"
    texts = [block["text"]["text"] for block in first["body"]["blocks"]]
    assert texts[0] == "growth: 1 April 2026"
    assert "Spend: ₩0, seven days ₩40" in texts[2]
    assert "<https://pages.yourshop.internal|Open the pages>" in texts
    changed = texts[texts.index("*What changed since the last digest*") + 1].splitlines()
    assert changed[0].startswith("• From 31 March 2026 (run run-1) to 1 April 2026 (run run-2), under last touch")
    assert changed[1:3] == [
        "• Refunds took ₩90 from Paid Search.",
        "• New days brought Paid Search ₩20 and 1 purchase.",
    ]
    record, *_ = sent_digests(str(lake), "growth")
    assert record == SentDigest("growth", "webhook GROWTH_HOOK", "figures", NEWEST, "run-2", MORNING)


def test_a_busy_webhook_is_tried_again_and_its_wait_is_kept(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook, waited = Hook((500, {}), (429, {"Retry-After": "30"})), []  # type: ignore[var-annotated]
    with hook.serve() as url:
        monkeypatch.setenv("GROWTH_HOOK", url)
        assert states(sent(settings_file(lake, [growth(HOOK)]), waited=waited)) == ["sent"]
    assert len(hook.got) == 3
    assert waited == [2.0, 30.0]


def test_a_wait_may_be_a_moment_of_the_servers_clock(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = (datetime.now(UTC) + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    hook, waited = Hook((429, {"Retry-After": moment})), []  # type: ignore[var-annotated]
    with hook.serve() as url:
        monkeypatch.setenv("GROWTH_HOOK", url)
        assert states(sent(settings_file(lake, [growth(HOOK)]), waited=waited)) == ["sent"]
    (wait,) = waited
    assert 80 <= wait <= 91


@pytest.mark.parametrize(
    ("answers", "tries", "reason"),
    [
        ([(500, {})] * 3, 3, "it answered 500 (no, ***), 3 times"),
        ([(429, {"Retry-After": "3600"})], 1, "it answered 429 (no, ***), and asks to wait 3,600 s; run again later"),
        ([(404, {})], 1, "it answered 404 (no, ***)"),
        ([(302, {"Location": "http://127.0.0.1:9/"})], 1, "it answered 302 (no, ***)"),
    ],
)
def test_what_a_webhook_refuses_is_reported_without_its_secret_and_not_recorded(
    lake: Path, monkeypatch: pytest.MonkeyPatch, answers: list[Answer], tries: int, reason: str
) -> None:
    hook = Hook(*answers)
    with hook.serve() as url:
        monkeypatch.setenv("GROWTH_HOOK", url)
        (outcome,) = sent(settings_file(lake, [growth(HOOK)]))
    assert (outcome.state, outcome.reason) == ("failed", reason)
    assert len(hook.got) == tries
    assert sent_digests(str(lake), "growth") == ()


def test_one_destination_that_fails_is_one_line_with_exit_code_3_and_the_others_get_theirs(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hook, file = Hook((404, {})), settings_file(lake, [growth(HOOK, FILE)])
    with hook.serve() as url:
        monkeypatch.setenv("GROWTH_HOOK", url)
        assert digest.main(["--config", str(file)]) == 3
    out, err = capsys.readouterr()
    written = f"file {lake.parent}/digests/{{day}}.md"
    assert out == ""
    assert err.splitlines() == [
        f"growth, {written}: sent",
        "error: digest for growth to webhook GROWTH_HOOK: it answered 404 (no, ***)",
    ]
    assert (lake.parent / f"digests/{NEWEST}.md").read_text().startswith("# growth: 1 April 2026\n")
    assert [one.destination for one in sent_digests(str(lake), "growth")] == [written]


def test_a_server_that_is_not_there_is_one_line(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("GROWTH_HOOK", f"http://127.0.0.1:{port}/{SECRET}")
    waited: list[float] = []
    (outcome,) = sent(settings_file(lake, [growth(HOOK)]), waited=waited)
    assert outcome.reason == "it cannot be reached: Connection refused, 3 times"
    assert waited == [2.0, 10.0]
    assert sent_digests(str(lake), "growth") == ()


@pytest.mark.parametrize("url", [None, "", "file:///etc/passwd", "hooks.example/secret-path"])
def test_an_address_that_is_none_names_the_variable_alone(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str | None
) -> None:
    monkeypatch.delenv("GROWTH_HOOK", raising=False)
    if url is not None:
        monkeypatch.setenv("GROWTH_HOOK", url)
    assert digest.main(["--config", str(settings_file(lake, [growth(HOOK)]))]) == 2
    err = capsys.readouterr().err
    assert "to webhook GROWTH_HOOK: " in err
    assert not url or url not in err


def test_each_address_gets_an_email_of_its_own_and_a_busy_one_is_tried_again(lake: Path) -> None:
    to = {"kind": "email", "to": ["ann@shop.example", "ben@shop.example"], "from": "digest@shop.example"}
    mailbox, waited = Mailbox("451 try again"), []  # type: ignore[var-annotated]
    with mail_server(mailbox) as port:
        smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
        file = settings_file(lake, [growth(to, language="ko", name="그로스")], smtp=smtp)
        assert states(sent(file, waited=waited)) == ["sent", "sent"]
        assert states(sent(file)) == ["sent before", "sent before"]
    assert waited == [2.0]
    assert [recipients for recipients, _, _ in mailbox.got] == [["ann@shop.example"], ["ben@shop.example"]]
    message = mailbox.got[0][1]
    assert (message["To"], message["From"]) == ("ann@shop.example", "digest@shop.example")
    assert message["Subject"] == "그로스: 2026년 4월 1일"
    text, html = (part.get_content() for part in message.iter_parts())  # type: ignore[attr-defined]
    assert "광고비: 0원, 최근 7일 40원" in text
    assert "<td>광고비</td><td>0원</td>" in html


def test_a_recipient_that_is_refused_fails_alone(lake: Path) -> None:
    to = {"kind": "email", "to": ["gone@shop.example", "ben@shop.example"], "from": "digest@shop.example"}
    with mail_server(mailbox := Mailbox("550 no such user")) as port:
        smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
        outcomes = sent(settings_file(lake, [growth(to)], smtp=smtp))
    assert [(one.destination, one.state, one.reason) for one in outcomes] == [
        ("email gone@shop.example", "failed", "the mail server answered 550 (no such user)"),
        ("email ben@shop.example", "sent", ""),
    ]
    assert len(mailbox.got) == 1


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1, and a server's side of TLS with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


def test_with_starttls_the_password_is_sent_in_secret_to_a_server_with_a_certificate_alone(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, context = certificate(tmp_path)
    seen: list[tuple[str, str]] = []

    def authenticator(_: Any, __: Any, ___: Any, ____: str, data: LoginPassword) -> AuthResult:
        seen.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)

    to = {"kind": "email", "to": ["ann@shop.example"], "from": "digest@shop.example"}
    mailbox = Mailbox()
    options = {"tls_context": context, "require_starttls": True, "authenticator": authenticator, "auth_required": True}
    with mail_server(mailbox, **options) as port:
        smtp = {"host": "localhost", "port": port, "security": "starttls", "user": "shop", "password_env": "SHOP_SMTP"}
        file = settings_file(lake, [growth(to)], smtp=smtp)
        monkeypatch.setenv("SHOP_SMTP", PASSWORD)
        (unknown,) = sent(file)
        assert "certificate verify failed" in unknown.reason
        assert seen == []
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
        monkeypatch.setenv("SHOP_SMTP", "a wrong password")
        (wrong,) = sent(file)
        assert wrong.reason.startswith("the mail server answered 535")
        assert "a wrong password" not in wrong.reason
        monkeypatch.setenv("SHOP_SMTP", PASSWORD)
        assert states(sent(file)) == ["sent"]
    ((_, _, is_secret),) = mailbox.got
    assert is_secret
    *wrong_ones, right = seen  # a wrong one is tried in every way that the server offers
    assert set(wrong_ones) == {("shop", "a wrong password")}
    assert right == ("shop", PASSWORD)


def test_on_a_later_day_without_newer_data_it_says_so_once(lake: Path) -> None:
    file = settings_file(lake, [growth(FILE)])
    assert states(sent(file)) == ["sent"]
    later = MORNING + timedelta(days=1)
    assert states(sent(file, later)) == ["sent"]
    assert states(sent(file, later + timedelta(hours=1))) == ["sent before"]
    page = lake.parent / "digests" / "2026-04-03.md"
    assert page.read_text().splitlines()[0] == "# growth: no data after 1 April 2026"
    assert "₩" not in page.read_text()


def test_what_failed_yesterday_for_one_destination_is_sent_to_it_alone(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROWTH_HOOK", raising=False)
    file, hook = settings_file(lake, [growth(FILE, HOOK)]), Hook()
    assert states(sent(file)) == ["sent", "failed"]
    with hook.serve() as url:
        monkeypatch.setenv("GROWTH_HOOK", url)
        assert states(sent(file)) == ["sent before", "sent"]
    assert hook.got[0]["body"]["blocks"][0]["text"]["text"] == "growth: 1 April 2026"


def test_a_dry_run_prints_each_digest_once_and_sends_and_records_nothing(
    lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = settings_file(lake, [growth(HOOK, FILE)])
    assert digest.main(["--config", str(file), "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert out.count("growth: 1 April 2026") == 1
    assert err.count(": would be sent\n") == 2
    assert digest.main(["--config", str(file), "--dry-run", "--json"]) == 0
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["would be sent"] * 2
    assert not (lake / "ops" / "digests").exists()
    assert not (lake.parent / "digests").exists()


def test_a_file_that_cannot_be_written_is_one_line(lake: Path) -> None:
    (lake.parent / "digests").write_text("no folder")
    (outcome,) = sent(settings_file(lake, [growth(FILE)]))
    assert outcome.reason == "it cannot be written: File exists"


def test_what_was_sent_and_cannot_be_recorded_is_reported(lake: Path) -> None:
    record_sent(str(lake), SentDigest("other", "file a", "figures", AS_OF, "run-1", MORNING))
    DeltaTable(lake / "ops" / "digests").alter.add_constraint({"others_alone": "team = 'other'"})
    (outcome,) = sent(settings_file(lake, [growth(FILE)]))
    assert outcome.reason.startswith("it was sent, and will be again, for that could not be recorded: ")


def test_no_team_and_an_unknown_one_are_usage_errors(lake: Path) -> None:
    with pytest.raises(UsageError, match=r"digest\.teams is empty"):
        sent(settings_file(lake, []))
    with pytest.raises(UsageError, match=r"'grwth'; there are growth; did you mean growth\?"):
        sent(settings_file(lake, [growth(FILE)]), team="grwth")


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"teams": [growth(FILE, metrics=["roaas"])]}, r"metrics\.0: no metric of days is called 'roaas'.*mean roas\?"),
        ({"teams": [growth(FILE, metrics=["customers"])]}, "no metric of days is called 'customers'"),
        ({"teams": [growth(FILE, channels=["Emial"])]}, r"channels\.0: Emial is no channel of .*mean Email\?"),
        (
            {"teams": [growth(FILE, channels=["Email"], metrics=["unattributed_share"])]},
            "is of all channels together",
        ),
        ({"teams": [growth(FILE), growth(HOOK)]}, "two teams are called growth"),
        ({"teams": [growth(FILE, FILE)]}, "is there twice"),
        ({"teams": [growth({"kind": "fax", "path": "x"})]}, "fax"),
        ({"teams": [growth({"kind": "webhook", "url_env": "https://hooks.example/x"})]}, "url_env"),
        (
            {"teams": [growth({"kind": "email", "to": ["a@a.example\nBcc: b@b.example"], "from": "a@a.example"})]},
            r"to\.0",
        ),
        ({"teams": [growth({"kind": "email", "to": ["a@a.example"], "from": "a@a.example"})]}, "name the server"),
        ({"teams": [growth(FILE, name="a\nb")]}, "name"),
        ({"teams": [], "smtp": {"user": "shop"}}, "need each other"),
        ({"teams": [], "smtp": {"user": "s", "password_env": "P", "security": "none"}}, "for all to read"),
        ({"teams": [], "smtp": {"password": "secret"}}, "password"),
        ({"teams": [], "pages_url": "javascript:alert(1)"}, "pages_url"),
    ],
)
def test_knobs_that_cannot_work_are_refused(lake: Path, knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_settings(settings_file(lake, **knobs))
