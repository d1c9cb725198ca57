"""Settings: a wrong one stops the start with a line that names it."""

import pytest

from serving.settings import Auth, Scope, Settings, SettingsError, read_settings

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - made up


def test_an_empty_environment_gives_a_service_for_this_machine_only():
    settings = read_settings({"PATH": "/bin"})
    assert settings == Settings("", "sqlite:///build/crs-risk.db", Auth.OFF, (), "127.0.0.1", 8000)


def test_a_flag_counts_more_than_the_environment():
    assert read_settings({"CRS_RISK_PORT": "1"}, port="2", host=None).port == 2


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("AUTH", "maybe", "'maybe' is not one of off, token"),
        ("AUTH", "token", "CRS_RISK_TOKENS: missing"),
        ("HOST", "0.0.0.0", "off is allowed only on a loopback host"),  # noqa: S104
        ("PORT", "eighty", "'eighty' is not a port from 0 to 65535"),
        ("PORT", "65536", "not a port"),
        ("PORT", "", "CRS_RISK_PORT: empty"),
        ("DATABASE_URL", "nonsense", "not a database URL"),
        ("DATABASE_URL", "sqlite://", "would lose the audit trail"),
        ("DATABASE_URL", "sqlite:///file::memory:?uri=true", "would lose the audit trail"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@h/x", "postgresql+psycopg is not supported"),
        ("DATABASE_URL", "sqlite+aiosqlite:///x.db", "kept in SQLite alone"),
        ("TOKENS", "ward", "token 1 is not NAME:SCOPE+SCOPE:SECRET"),
        ("TOKENS", f"ward:write:{SECRET}", "scope 'write' is not one of"),
        ("TOKENS", "ward:read:short", "shorter than 32 characters"),
        ("TOKENS", f"a:read:{SECRET} a:audit:{SECRET}1", "two tokens have the same name"),
        ("DATABSE_URL", "sqlite:///x.db", "CRS_RISK_DATABSE_URL: no such setting"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(variable: str, value: str, says: str):
    with pytest.raises(SettingsError) as raised:
        read_settings({f"CRS_RISK_{variable}": value})
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_token_has_its_scopes_and_never_shows_its_secret():
    environment = {"CRS_RISK_AUTH": "token", "CRS_RISK_TOKENS": f"ward:predict+read:{SECRET}"}
    settings = read_settings(environment | {"CRS_RISK_HOST": "0.0.0.0"})  # noqa: S104
    token = settings.tokens[0]
    assert token.scopes == {Scope.PREDICT, Scope.READ}
    assert token.opens_with(SECRET)
    assert not token.opens_with(SECRET[:-1] + "0")
    assert SECRET not in repr(settings)


def test_a_message_about_a_database_never_shows_its_password():
    with pytest.raises(SettingsError) as raised:
        read_settings({"CRS_RISK_DATABASE_URL": f"mysql://ward:{SECRET}@host/trail"})
    assert SECRET not in str(raised.value)


def test_a_message_about_a_token_never_shows_its_secret():
    with pytest.raises(SettingsError) as raised:
        read_settings({"CRS_RISK_TOKENS": f"ward;read;{SECRET}"})
    assert SECRET not in str(raised.value)
