"""Personal data in what a visitor's link says: e-mail addresses, phone numbers, and tokens that open an account.

Mailing tools put them into parameters, shops into paths. Bronze has events as they were sent; silver has (e-mail),
(phone) and (token) in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.emails import EMAIL, without_emails
from touchpoints.knobs import PersonalData
from warehouse.patterns import one_of

PHONE, TOKEN = "(phone)", "(token)"
# What a link says of a touch, and the page and the site before it.
LINK_COLUMNS = (
    "source", "medium", "campaign", "campaign_id", "content", "term", "click_id", "referrer_domain", "landing_url",
)  # fmt: skip
# Between the groups of a number at most one of these, as it is or in code.
_BETWEEN = "(?:[ .+-]|%(?:25)*(?:20|2[BbDdEe]))"
_OPEN, _SHUT = r"(?:[(]|%(?:25)*28)?", r"(?:[)]|%(?:25)*29)?"
_PLUS = "(?:[+]|%(?:25)*2[Bb])"
# Around a number is no letter or digit, and no longer chain of them; before it may be a code. A mobile number is known
# by its first digits, in a chain of words too.
_CODE = "%(?:25)*[0-9A-Fa-f]{2}"
_BEFORE, _BEFORE_MOBILE = f"(^|[^0-9A-Za-z%.-]|{_CODE})", f"(^|[^0-9A-Za-z%]|{_CODE})"
_AFTER, _AFTER_MOBILE = r"([^0-9A-Za-z.-]|[.-](?:[^0-9]|\z)|\z)", r"([^0-9A-Za-z]|\z)"
# Of Korea, with its country or without.
_MOBILE = rf"(?:{_PLUS}?82{_BETWEEN}?{_OPEN}0?{_SHUT}10|010){_BETWEEN}?[1-9][0-9]{{3}}{_BETWEEN}?[0-9]{{4}}"
_GROUPS = (
    rf"{_PLUS}[1-9][0-9]{{9,14}}",
    rf"{_PLUS}[1-9][0-9]{{0,2}}{_BETWEEN}{_OPEN}[0-9]{{2,4}}{_SHUT}{_BETWEEN}[0-9]{{3,8}}(?:{_BETWEEN}[0-9]{{2,4}}){{0,2}}",
    rf"{_PLUS}[1-9][0-9]{{0,2}}{_BETWEEN}[1-9](?:{_BETWEEN}[0-9]{{2}}){{4}}",
    rf"{_OPEN}0[1-9][0-9]{{0,2}}{_SHUT}{_BETWEEN}[0-9]{{3,4}}{_BETWEEN}[0-9]{{4}}",
    rf"0[1-9](?:{_BETWEEN}[0-9]{{2}}){{4}}",
    rf"(?:1{_BETWEEN})?{_OPEN}[2-9][0-9]{{2}}{_SHUT}{_BETWEEN}[2-9][0-9]{{2}}{_BETWEEN}[0-9]{{4}}",
)
_NUMBERS = (f"{_BEFORE_MOBILE}{_MOBILE}{_AFTER_MOBILE}", f"{_BEFORE}(?:{'|'.join(_GROUPS)}){_AFTER}")
# A number under a name that says what it is needs no other sign.
_PHONE_NAMES = ("phone", "phone_number", "phonenumber", "tel", "mobile", "mobile_number", "msisdn", "cellphone", "hp")
_NAMED_NUMBER = (
    rf"((?:^|[^A-Za-z]|{_CODE}){one_of(_PHONE_NAMES)}(?:[=:]|%(?:25)*3[AaDd]))"
    rf"(?:{_PLUS}|{_BETWEEN})?{_OPEN}[0-9](?:{_BETWEEN}?{_OPEN}[0-9]{_SHUT}){{6,14}}"
)
_TOKEN_NAMES = (
    "token", "access_token", "id_token", "refresh_token", "auth_token", "reset_token", "login_token", "api_key",
    "apikey", "password", "passwd", "pwd", "secret", "client_secret", "session_id", "sessionid", "jsessionid",
    "phpsessid", "otp",
)  # fmt: skip
_TOKEN_PATHS = (
    "token", "reset-password", "reset_password", "password-reset", "password_reset", "passwordreset", "resetpassword",
    "verify", "verify-email", "verification", "confirm", "confirmation", "activate", "activation", "magic-link",
    "magic_link", "magiclink", "invite", "invitation", "unsubscribe", "sso",
)  # fmt: skip
_SLASH = "(?:/|%(?:25)*2[Ff])"
_JWT = r"eyJ[A-Za-z0-9_-]{8,}[.][A-Za-z0-9_-]{8,}(?:[.][A-Za-z0-9_-]*)?"
_NAMED_TOKEN = rf"((?:^|[^0-9A-Za-z]|{_CODE}){one_of(_TOKEN_NAMES)}(?:=|%(?:25)*3[Dd]))(?:[^&;/?#,|() %]|{_CODE}){{6,}}"
_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_PATH_TOKEN = rf"({_SLASH}{one_of(_TOKEN_PATHS)}{_SLASH})(?:{_UUID}|[A-Za-z0-9_=~]{{16,}})"
_USER = "^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#@]*@"


def without_phones(text: Column) -> Column:
    """The text with (phone) for each phone number. These are phone numbers:

    - a plus and 10 to 15 digits, or a plus, the country and 2 to 5 groups of digits: +821012345678, +1 (415) 555-0132;
    - a Korean mobile number, with or without blanks, hyphens or dots: 01012345678, 010-1234-5678, 821012345678;
    - groups that begin with a 0: 02-123-4567, (031) 123-4567, 090-1234-5678, 06 12 34 56 78;
    - groups of three, three and four, the first two of which begin with 2 to 9: 415-555-0132, (415) 555-0132;
    - 7 to 15 digits under a name such as phone, tel or mobile: tel:5550132, phone=4155550132.

    Digits alone are otherwise none: they are ids, days and amounts. Nor is a part of a longer chain of letters, digits
    and hyphens (nad-a001-02-123-4567, the id of an ad).
    """
    masked = text
    for _ in range(2):  # of two numbers with one sign between them the first pass sees the first
        masked = F.regexp_replace(masked, _NAMED_NUMBER, f"$1{PHONE}")
        masked = reduce(lambda it, number: F.regexp_replace(it, number, f"$1{PHONE}$2"), _NUMBERS, masked)
    return F.when(_may_have_number(text), masked).otherwise(text)


def without_tokens(text: Column) -> Column:
    """The text with (token) for what opens an account: a JSON web token, what follows token=, password=, jsessionid=
    and their like, a long key behind /reset-password/, /verify/ and their like, and user:password@ of an address."""
    named = F.regexp_replace(F.regexp_replace(text, _JWT, TOKEN), _NAMED_TOKEN, f"$1{TOKEN}")
    masked = F.regexp_replace(F.regexp_replace(named, _PATH_TOKEN, f"$1{TOKEN}"), _USER, "$1")
    return F.when(_may_have_token(text), masked).otherwise(text)


def masks_of(knobs: PersonalData) -> list[Callable[[Column], Column]]:
    """What `knobs` ask to leave out, in order: the user of an address before e-mail addresses."""
    wanted = (
        (without_tokens, knobs.mask_tokens), (without_emails, knobs.mask_emails), (without_phones, knobs.mask_phones)
    )  # fmt: skip
    return [mask for mask, is_wanted in wanted if is_wanted]


def without_personal_data(
    frame: DataFrame, names: Sequence[str], knobs: PersonalData, *, where: Column | None = None
) -> DataFrame:
    """`frame` with the columns `names` as `knobs` ask for it, in the rows for which `where` holds."""

    def masked(name: str, mask: Callable[[Column], Column]) -> Column:
        text = F.col(name)
        return mask(text) if where is None else F.when(where, mask(text)).otherwise(text)

    for mask in masks_of(knobs):  # in steps: each asks the text of the step before several times
        frame = frame.withColumns({name: masked(name, mask) for name in names})
    return frame


def has_personal_data(text: Column, knobs: PersonalData) -> Column:
    """Whether the text has an e-mail address or phone number, which `knobs` ask to leave out."""
    email = F.rlike(text, F.lit(EMAIL)) if knobs.mask_emails else F.lit(False)
    number = _may_have_number(text) & F.rlike(text, F.lit("|".join([_NAMED_NUMBER, *_NUMBERS])))
    return F.coalesce(email | (number if knobs.mask_phones else F.lit(False)), F.lit(False))


def _may_have_number(text: Column) -> Column:
    return F.rlike(text, F.lit("[0-9](?:[0-9 ().+-]|%(?:25)*2[0-9BbDdEe]){6}"))


def _may_have_token(text: Column) -> Column:
    words = (
        "token", "key", "passw", "pwd", "secret", "sess", "otp", "verif", "confirm", "activat", "magic", "invit",
        "unsub", "sso",
    )  # fmt: skip
    return F.rlike(text, F.lit(f"eyJ|://[^/?#@]*@|{one_of(words)}"))
