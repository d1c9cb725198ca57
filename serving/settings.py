"""Every choice of a running service: read once from the environment, checked, then frozen."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "CRS_RISK_"
SHORTEST_SECRET = 32
"""Characters of a token's secret: 32 hexadecimal digits hold 128 bits."""


class SettingsError(ValueError):
    """A setting that stops the start: the message names it, its value and what is allowed."""


class Auth(StrEnum):
    """Who may ask."""

    OFF = "off"  # everybody on this machine: only for a loopback host
    TOKEN = "token"  # noqa: S105 - the name of a choice, not a secret


class Scope(StrEnum):
    """What a caller may do."""

    PREDICT = "predict"
    READ = "read"
    AUDIT = "audit"
    ADMIN = "admin"  # all of the others too


@dataclass(frozen=True)
class Token:
    """A caller's name, scopes and the SHA-256 of the secret; the secret itself is not kept."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes = field(repr=False)

    def opens_with(self, secret: str) -> bool:
        """Whether this is the token's secret, compared in constant time."""
        return hmac.compare_digest(self.digest, hashlib.sha256(secret.encode()).digest())


@dataclass(frozen=True)
class Settings:
    """What the service was started with; raises SettingsError where two choices do not fit.

    The default database is a file for trying things out: name a lasting place for real use.
    """

    model: str = ""
    database_url: str = "sqlite:///build/crs-risk.db"
    auth: Auth = Auth.OFF
    tokens: tuple[Token, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000

    def __post_init__(self) -> None:
        """Check what no single setting can know."""
        if self.auth is Auth.OFF and not is_loopback(self.host):
            raise SettingsError(
                f"{PREFIX}AUTH: off is allowed only on a loopback host such as 127.0.0.1, "
                f"not on {self.host}; set {PREFIX}AUTH=token and {PREFIX}TOKENS"
            )
        if self.auth is Auth.TOKEN and not self.tokens:
            raise SettingsError(f"{PREFIX}TOKENS: missing, and {PREFIX}AUTH=token needs it")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host name or address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _model(text: str) -> str:
    return text


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        raise SettingsError("not a database URL such as sqlite:///crs-risk.db") from None
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(
            f"{url.drivername} is not supported: the audit trail is kept in SQLite alone, "
            "whose triggers refuse every change; write sqlite:///PATH"
        )
    if url.database in (None, "", ":memory:") or url.query:
        raise SettingsError("a database in memory would lose the audit trail: sqlite:///PATH only")
    return text


def _auth(text: str) -> Auth:
    if text not in set(Auth):
        raise SettingsError(f"{text!r} is not one of {', '.join(Auth)}")
    return Auth(text)


def _tokens(text: str) -> tuple[Token, ...]:
    tokens = tuple(_token(place, part) for place, part in enumerate(text.split(), start=1))
    if len({token.name for token in tokens}) < len(tokens):
        raise SettingsError("two tokens have the same name")
    return tokens


def _token(place: int, text: str) -> Token:
    match = re.fullmatch(r"([A-Za-z0-9._-]{1,64}):([a-z+]+):(\S+)", text)
    if not match:
        raise SettingsError(f"token {place} is not NAME:SCOPE+SCOPE:SECRET")
    name, scopes, secret = match.groups()
    unknown = sorted(set(scopes.split("+")) - set(Scope))
    if unknown:
        raise SettingsError(f"token {name}: scope {unknown[0]!r} is not one of {', '.join(Scope)}")
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(
            f"token {name}: the secret is shorter than {SHORTEST_SECRET} characters"
        )
    digest = hashlib.sha256(secret.encode()).digest()
    return Token(name, frozenset(Scope(scope) for scope in scopes.split("+")), digest)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise SettingsError(f"{text!r} is not a port from 0 to 65535 (0: any free one)")
    return int(text)


@dataclass(frozen=True)
class Setting:
    """One environment variable: its field, how its text is read and what it means."""

    variable: str
    field: str
    read: Callable[[str], Any]
    meaning: str


SETTINGS = (
    Setting("MODEL", "model", _model, "bundle folder, or models:/NAME@ALIAS, or runs:/ID/PATH"),
    Setting("DATABASE_URL", "database_url", _database_url, "the audit trail: sqlite:///PATH"),
    Setting("AUTH", "auth", _auth, "off (loopback host only) or token"),
    Setting("TOKENS", "tokens", _tokens, "NAME:SCOPE+SCOPE:SECRET, separated by spaces"),
    Setting("HOST", "host", str, "address to listen on"),
    Setting("PORT", "port", _port, "port to listen on; 0: any free one"),
)


def read_settings(environment: Mapping[str, str], **given: str | None) -> Settings:
    """Settings from `CRS_RISK_` variables; what is `given` by name (a flag) counts more.

    Raises SettingsError for a wrong value and for a variable of ours that does not exist: a
    misspelt setting must not fall back to its default in silence.
    """
    _check_names(environment)
    texts = {s.field: environment.get(PREFIX + s.variable) for s in SETTINGS}
    texts |= {name: text for name, text in given.items() if text is not None}
    values = {s.field: _read(s, text) for s in SETTINGS if (text := texts[s.field]) is not None}
    return Settings(**values)


def _check_names(environment: Mapping[str, str]) -> None:
    known = {PREFIX + setting.variable for setting in SETTINGS}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(f"{name}: no such setting; there are {', '.join(sorted(known))}")


def _read(setting: Setting, text: str) -> Any:
    if not text:
        raise SettingsError(f"{PREFIX}{setting.variable}: empty; {setting.meaning}")
    try:
        return setting.read(text)
    except SettingsError as error:
        raise SettingsError(f"{PREFIX}{setting.variable}: {error}") from None
