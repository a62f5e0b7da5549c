"""The pages as a web application: one answer per request, from one publication."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from dashboard.panels import Panel
from dashboard.serve.address import Asked, Comparison, Period
from dashboard.serve.answers import as_csv, as_json, spec_of, templates
from dashboard.serve.audit_page import audit_page, number_in_question
from dashboard.serve.bundle import make_bundle
from dashboard.serve.context import Context, Shop
from dashboard.serve.conversion_page import conversion_page
from dashboard.serve.filters import filters_of
from dashboard.serve.page import Page, Part
from dashboard.serve.pages import PAGES
from dashboard.serve.publications import LastUsed, Publications, newest_commits
from dashboard.serve.sign_in import COOKIE, SignIn, sign_in
from dashboard.words import words_in
from published.metrics import Metric, metric
from published.questions import ask
from published.view import Customers, DateBasis, Language
from warehouse.code_version import code_version
from warehouse.errors import DistributaryError, InputError, UsageError

STATIC = files("dashboard") / "static"
Platform = Literal["web", "ios", "android", "server"]
THEMES = ("auto", "light", "dark")
KEPT_ANSWERS = 300
LONGEST_FORM = 64_000  # bytes
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


def asked_of(  # noqa: PLR0917 (one per field of a query, by which FastAPI fills them)
    request: Request,
    lang: Annotated[Language | None, Query(description="language of texts")] = None,
    period: Annotated[Period, Query(description="days up to the publication's last day")] = "30d",
    first: Annotated[date | None, Query(alias="from", description="first reporting day, inclusive")] = None,
    last: Annotated[date | None, Query(alias="to", description="last reporting day, inclusive")] = None,
    compare: Annotated[Comparison, Query(description="days to compare with")] = "previous",
    conversion_type: Annotated[str | None, Query(alias="type", description="conversion type")] = None,
    models: Annotated[str, Query(description="attribution models, separated by commas")] = "",
    basis: Annotated[DateBasis, Query(description="what dates credit: the conversion or the touch")] = "conversion",
    channel: Annotated[str | None, Query(description="this channel alone")] = None,
    campaign: Annotated[str | None, Query(description="this campaign alone")] = None,
    customers: Annotated[Customers, Query(description="credit of first or of later purchases alone")] = "all",
    platform: Annotated[Platform | None, Query(description="credit of touches on this platform alone")] = None,
    currency: Annotated[str | None, Query(description="credit of conversions in this currency alone")] = None,
    run: Annotated[str | None, Query(description="a former publication, by its run")] = None,
    opened: Annotated[str | None, Query(alias="open", description="what the page opens")] = None,
    after: Annotated[str | None, Query(description="the last row of the page before")] = None,
) -> Asked:
    """The state that a query names. An empty field of a form is left out of it."""
    shop: Shop = request.app.state.shop
    return Asked(
        language=lang or _accepted(request.headers.get("accept-language", ""), shop.language),
        period=period,
        first=first,
        last=last,
        compare=compare,
        conversion_type=conversion_type or None,
        models=tuple(name for name in models.split(",") if name),
        basis=basis,
        channel=channel or None,
        campaign=campaign or None,
        customers=customers,
        platform=platform,
        currency=currency or None,
        run=run or None,
        open=opened or None,
        after=after or None,
    )


def create_app(shop: Shop) -> FastAPI:
    """The application over the lake of `shop`. UsageError when its knobs name a token that cannot be read."""
    app = FastAPI(
        title="Distributary",
        description="Every table of the pages, in every state, as CSV and JSON.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.shop = shop
    app.state.sign_in = sign_in(shop.knobs)
    app.state.publications = Publications(shop.lake)
    app.state.answers = LastUsed[str](KEPT_ANSWERS)
    app.state.code = code_version(("published", "dashboard"), (".py", ".html", ".css", ".js", ".json", ".yaml"))
    app.middleware("http")(guarded)
    for page in PAGES:
        _add_page(app, page)
    _add_family(app, "audit", audit_page)
    _add_family(app, "conversions", conversion_page)
    _add_questions(app)
    _add_files(app)
    app.exception_handler(DistributaryError)(_refused)
    return app


def _add_page(app: FastAPI, page: Page) -> None:
    def whole(request: Request, asked: Annotated[Asked, Depends(asked_of)]) -> Response:
        return _page(request, asked, page, tuple(part for part in page.parts if not part.is_alone))

    app.get(page.path, response_class=HTMLResponse, include_in_schema=False)(whole)
    for part in page.parts:
        _add_part(app, page, part)


def _add_part(app: FastAPI, page: Page, part: Part) -> None:
    path = f"/{page.key}/{part.key}"

    def alone(request: Request, asked: Annotated[Asked, Depends(asked_of)]) -> Response:
        return _page(request, asked, page, (part,))

    named = re.findall(r"{(\w+)}", part.key)
    for form in ("csv", "json"):  # before the panel itself, whose name in braces would take .csv for a part of a name
        app.get(
            f"{path}.{form}",
            name=f"{page.key}: {words_in('en').texts.get(part.title, part.key)} as {form.upper()}",
            operation_id=re.sub(r"\W+", "_", f"{page.key}_{part.key}_{form}"),
            response_class=PlainTextResponse if form == "csv" else JSONResponse,
            openapi_extra={
                "parameters": [
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named
                ]
            },
        )(_table_of(part, form))
    app.get(path, response_class=HTMLResponse, include_in_schema=False)(alone)


def _table_of(part: Part, form: str) -> Callable[..., Response]:
    def table(
        request: Request,
        asked: Annotated[Asked, Depends(asked_of)],
        number: Annotated[int, Query(alias="table", ge=1, description="which table of the panel")] = 1,
    ) -> Response:
        return _table(request, asked, part, form, number)

    return table


def _add_family(app: FastAPI, family: str, page_of: Callable[[str], Page]) -> None:
    """Pages of one kind, such as one for each metric, and their panels and tables."""

    def whole(request: Request, name: str, asked: Annotated[Asked, Depends(asked_of)]) -> Response:
        page = page_of(name)
        return _page(request, asked, page, page.parts)

    def table(  # noqa: PLR0917 (FastAPI fills them by name)
        request: Request,
        name: str,
        key: str,
        form: Literal["csv", "json"],
        asked: Annotated[Asked, Depends(asked_of)],
        number: Annotated[int, Query(alias="table", ge=1)] = 1,
    ) -> Response:
        return _table(request, asked, _part(page_of(name), key), form, number)

    def alone(request: Request, name: str, key: str, asked: Annotated[Asked, Depends(asked_of)]) -> Response:
        page = page_of(name)
        return _page(request, asked, page, (_part(page, key),))

    app.get(f"/{family}/{{name}}", response_class=HTMLResponse, include_in_schema=False)(whole)
    app.get(f"/{family}/{{name}}/{{key}}.{{form}}", operation_id=f"{family}_table")(table)
    app.get(f"/{family}/{{name}}/{{key}}", response_class=HTMLResponse, include_in_schema=False)(alone)


def _part(page: Page, key: str) -> Part:
    found = next((part for part in page.parts if part.key == key), None)
    if found is None:
        raise InputError(
            f"{page.path} has no part {key[:80]!r}; there are: {', '.join(part.key for part in page.parts)}"
        )
    return found


def _add_questions(app: FastAPI) -> None:
    @app.post("/audit/{name}", include_in_schema=False)
    async def question(request: Request, name: str, asked: Annotated[Asked, Depends(asked_of)]) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("questions are asked on the pages of this server", status_code=403)
        content = await request.body()
        if len(content) > LONGEST_FORM:
            return PlainTextResponse("the note is too long", status_code=413)
        note = dict(parse_qsl(content.decode("utf-8", "replace"))).get("note", "")
        address = await run_in_threadpool(_ask, request, asked, metric(name), note)
        return RedirectResponse(f"{address}#questions", status_code=303)

    _ = question


def _ask(request: Request, asked: Asked, found: Metric, note: str) -> str:
    """Writes a question about the number of a page, and gives the page's address."""
    context = _context(request, asked)
    number, filters = number_in_question(context, found)
    address = context.address(f"/audit/{found.name}")
    ask(
        context.published,
        metric=found.name,
        number=number,
        filters=filters,
        note=note,
        asked_by=context.reader,
        asked_at=datetime.now(UTC),
        address=address,
    )
    return address


def _page(request: Request, asked: Asked, page: Page, parts: tuple[Part, ...]) -> Response:
    theme = request.query_params.get("theme")
    if theme in THEMES:
        back = RedirectResponse(request.url.path + asked.query(), status_code=303)
        back.set_cookie("theme", theme, max_age=31536000, samesite="strict", httponly=True)
        return back
    context = _context(request, asked)
    shown_theme = request.cookies.get("theme", "auto")
    state = newest_commits(context.shop.lake) if page.is_live else ()
    key = (context.published.run_id, request.url.path, asked, context.reader, shown_theme, state)
    kept: LastUsed[str] = request.app.state.answers

    def render() -> str:
        return _render(context, page, parts, shown_theme if shown_theme in THEMES else "auto")

    html = render() if state is None else kept.made(key, render)
    tag = hashlib.sha256(html.encode()).hexdigest()[:16]
    if request.headers.get("if-none-match") == f'"{tag}"':
        return Response(status_code=304)
    return HTMLResponse(html, headers={"ETag": f'"{tag}"'})


def _render(context: Context, page: Page, parts: tuple[Part, ...], theme: str) -> str:
    _ = context.choices  # refuses a model or type that there is not
    panels = [panel for part in parts if (panel := _panel(context, part)) is not None]

    def table_address(panel: Panel, form: str, number: int) -> str:
        address = context.address(f"/{page.key}/{panel.key}.{form}")
        return address if number == 1 else f"{address}{'&' if '?' in address else '?'}table={number}"

    return (
        templates()
        .get_template("page.html")
        .render(
            context=context,
            words=context.words,
            pages=[each for each in PAGES if each.in_menu],
            page=page,
            panels=panels,
            filters=filters_of(context),
            table_address=table_address,
            theme=theme,
            themes=THEMES,
            spec_of=spec_of,
            facts=context.figures.facts,
            is_stale=_is_failed(context),
        )
    )


def _is_failed(context: Context) -> bool:
    return bool(context.figures.facts.failed)


def _panel(context: Context, part: Part) -> Panel | None:
    """The panel; one whose tables or days are missing says so in a line, and the others are shown."""
    try:
        panel = part.make(context)
    except (InputError, UsageError) as error:
        return Panel(part.key, context.words.texts.get(part.title, part.key), str(error))
    return panel


def _table(request: Request, asked: Asked, part: Part, form: str, number: int) -> Response:
    context = _context(request, asked)
    _ = context.choices
    panel = part.make(context)
    tables = panel.tables if panel else ()
    if panel is None or number > len(tables):
        raise InputError(f"{part.key}: there is no table {number} here; there are {len(tables)}")
    if form == "json":
        return JSONResponse(as_json(tables[number - 1], context, panel))
    name = f"{part.key}{f'-{number}' if number > 1 else ''}-{context.published.as_of}.csv"
    return Response(
        as_csv(tables[number - 1]),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _context(request: Request, asked: Asked) -> Context:
    shop: Shop = request.app.state.shop
    publications: Publications = request.app.state.publications
    return Context(shop, publications.of(asked.run), asked, request.state.reader, request.url.path, request.app.openapi)


def _add_files(app: FastAPI) -> None:
    @app.get("/static/vega.js", include_in_schema=False)
    def vega() -> Response:
        return FileResponse(make_bundle(), media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})

    kinds = {"report.css": "text/css", "page.css": "text/css", "page.js": "text/javascript"}
    for name, kind in kinds.items():
        content = (STATIC / name).read_text(encoding="utf-8")
        app.get(f"/static/{name}", include_in_schema=False)(_file(content, kind))


def _file(content: str, kind: str) -> Callable[[], Response]:
    def answer() -> Response:
        return Response(content, media_type=kind, headers={"Cache-Control": "max-age=3600"})

    return answer


async def guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Names the reader, refuses whom nobody signed in, and sets the headers that keep a page to itself."""
    rule: SignIn = request.app.state.sign_in
    if not rule.knows_host(request):
        response: Response = PlainTextResponse("unknown host: name it in serve.hosts", status_code=421)
    elif (reader := rule.reader(request)) is None:
        response = PlainTextResponse("sign in: open the page once with ?token=…", status_code=401)
    elif "token" in request.query_params:
        response = RedirectResponse(str(request.url.remove_query_params("token")), status_code=303)
        response.set_cookie(COOKIE, request.query_params["token"], httponly=True, samesite="strict")
    else:
        request.state.reader = reader
        response = await answer(request)
    for name, value in HEADERS.items():
        if name not in response.headers:
            response.headers[name] = value
    return response


async def _refused(request: Request, error: Exception) -> Response:
    """An error as one line: 400 for what was asked, 404 for what is not there."""
    status = 400 if isinstance(error, UsageError) else 404
    if request.url.path.endswith((".csv", ".json")):
        return JSONResponse({"error": str(error)}, status_code=status)
    shop: Shop = request.app.state.shop
    language = _accepted(request.headers.get("accept-language", ""), shop.language)
    html = templates().get_template("refused.html").render(words=words_in(language), message=str(error))
    return HTMLResponse(html, status_code=status)


def _accepted(header: str, default: Language) -> Language:
    """The first language of a browser's header that there are texts in."""
    for part in header.split(","):
        name = part.split(";")[0].strip()[:2].lower()
        if name == "ko":
            return "ko"
        if name == "en":
            return "en"
    return default
