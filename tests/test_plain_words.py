"""Plain English: words of the list below stand in no prose and in no name."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FOLDERS = (".",)
ENDINGS = (".py", ".md", ".yaml", ".html")
# word: what to write instead
PLAIN = {
    "told": "recorded, reported, given",
    "untold": "not given",
    "said": "recorded, reported, given",
    "unsaid": "not given",
    "speaks": "counts, is used",
    "foretell": "predict",
    "foretells": "predicts",
    "foretold": "predicted",
    "anew": "again",
    "news": "changes",
    "oneself": "alone",
    "else": "otherwise",
}
# Texts that keep a word: quotes and names of others, by file.
ALLOWED: dict[str, tuple[str, ...]] = {}
# `else` for other is plain English: nobody else, what else. In upper case, or after a then, it is SQL's; if_else is
# Arrow's.
OTHER = (
    r"\b(?:(?:any|every|no|some)(?:body|thing|one|where)|no one|what|who|where|little|all|or) (?i:else)\b"
    r"|\bthen\b[^\n]*?\belse\b|\bif else\b"
)
WORD = rf"(?<![\w/=.-])(?!ELSE\b)(?i:{'|'.join(PLAIN)})(?![\w/=@-]|\.\w)"
LISTED = re.compile(rf"{OTHER}|({WORD})")
NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
NAME_IN_QUOTES = re.compile(r"[a-z]+(?:[_.][a-z]+)*_[a-z]+")
CODE_IN = {
    ".md": re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL),
    ".html": re.compile(r"{%.*?%}|{{.*?}}|<script.*?</script>|<style.*?</style>", re.DOTALL),
}


def words_in(text: str) -> list[str]:
    return [match.group(1) for match in LISTED.finditer(text) if match.group(1)]


def texts_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of comments, docstrings, other strings with a blank, and names split into their words."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
        elif token.type == tokenize.NAME and token.string != "else":
            yield token.start[0], " ".join(NAME_PARTS.findall(token.string))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if " " in node.value:
                yield from enumerate(node.value.splitlines(), start=node.lineno)
            elif NAME_IN_QUOTES.fullmatch(node.value):
                yield node.lineno, " ".join(NAME_PARTS.findall(node.value))


def texts_of(file: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and text of a file's prose, and of the names in Python. Of YAML other than a locale only the comments."""
    if file.endswith(".py"):
        yield from texts_of_python(source)
    elif file.endswith(".yaml") and "/locales/" not in file:
        comments = ((number, re.search(r"(?:^|\s)#\s.*", line)) for number, line in _lines(source))
        yield from ((number, comment.group()) for number, comment in comments if comment)
    elif code := CODE_IN.get(Path(file).suffix):
        yield from _lines(code.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source))
    else:
        yield from _lines(source)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.splitlines(), start=1)


def listed_words(file: str, source: str) -> list[tuple[int, str]]:
    """Line and word of each listed word in a file, without those in ALLOWED texts."""
    allowed = "|".join(map(re.escape, ALLOWED.get(file, ())))
    return [
        (line, word)
        for line, text in texts_of(file, source)
        for word in words_in(re.sub(allowed, "", text) if allowed else text)
    ]


def test_prose_and_names_have_no_listed_word() -> None:
    listed = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=REPOSITORY, capture_output=True, text=True, check=False
    ).stdout
    here = Path(__file__).relative_to(REPOSITORY).as_posix()  # it has the list itself
    files = [file for file in listed.splitlines() if file.endswith(ENDINGS) and file != here]
    if not files:
        pytest.skip("not a git repository, so tracked files are not known")
    found = [
        f"{file}:{line}: {word} (write: {PLAIN[word.lower()]})"
        for file in files
        for line, word in listed_words(file, (REPOSITORY / file).read_text(encoding="utf-8"))
    ]
    assert found == [], "\n".join(["words of the list in tests/test_plain_words.py:", *found])


@pytest.mark.parametrize(
    ("file", "source", "words"),
    [
        ("a.py", "# first, else last", ["else"]),
        ("a.py", "x = 1 if y else 2  # nobody else, nothing else, elsewhere", []),
        ("a.py", 'def f():\n    """What was told anew."""', ["told", "anew"]),
        ("a.py", "told_refunds = has_said = ToldOnce", ["told", "said", "Told"]),
        ("a.py", "def test_the_last_login_else_the_device(): ...", ["else"]),
        ("a.py", 'F.col("fed_order").alias("told_order"), F.expr("CASE x ELSE y END")', ["told"]),
        ("a.py", 'raise ValueError("as you said")', ["said"]),
        ("a.py", "source, host, kind = 'news', 'see news.naver.com', 'a newsletter'", []),
        ("a.md", "The news\n`news`\n```\nelse\n```\n?utm_source=news", ["news"]),
        ("a.yaml", "- {name: hacker news}  # what foretells it", ["foretells"]),
        ("dashboard/locales/en.yaml", "key: else none", ["else"]),
        ("a.html", "{% else %}<p>News</p>", ["News"]),
    ],
)
def test_listed_words_are_found_in_prose_and_names_and_not_in_code(file: str, source: str, words: list[str]) -> None:
    assert [word for _, word in listed_words(file, source)] == words
