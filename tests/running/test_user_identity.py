"""Users who name themselves while associating: passwords by our accounts, tokens by the issuers that are configured."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from filmless.access.accounts import User
from filmless.access.roles import Role
from filmless.app.identities import UserIdentities
from filmless.app.web_tokens import subject_of
from filmless.database.accounts.accounts import Accounts
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.servers.association.refusals import Why
from filmless.settings import JwtIssuer, SettingsError, read
from filmless.standards.upper_layer.items import UserIdentity

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "s" * 40
CLAIMS = {"iss": "https://login", "aud": "filmless", "sub": "alice", "exp": int((NOW + timedelta(hours=1)).timestamp())}


@pytest.fixture
def issuer(tmp_path: Path) -> JwtIssuer:
    key = tmp_path / "secret"
    key.write_text(SECRET + "\n")
    return JwtIssuer("https://login", "filmless", "HS256", key)


def token(claims: dict[str, object] | None = None, secret: str = SECRET) -> str:
    return jwt.encode({"alg": "HS256"}, CLAIMS if claims is None else claims, OctKey.import_key(secret))


def test_a_token_of_a_known_issuer_speaks_for_its_subject(issuer: JwtIssuer) -> None:
    assert subject_of(token(), [issuer], NOW) == "alice"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_public_keys_verify(algorithm: str, tmp_path: Path) -> None:
    key = RSAKey.generate_key(2048) if algorithm == "RS256" else ECKey.generate_key("P-256")
    public = tmp_path / "public.pem"
    public.write_bytes(key.as_pem(private=False))
    issuer = JwtIssuer("https://login", "filmless", algorithm, public)
    assert subject_of(jwt.encode({"alg": algorithm}, CLAIMS, key), [issuer], NOW) == "alice"
    forged = jwt.encode({"alg": "HS256"}, CLAIMS, OctKey.import_key(public.read_bytes().replace(b"-----", b"")))
    assert subject_of(forged, [issuer], NOW) is Why.WRONG_IDENTITY


@pytest.mark.parametrize(
    "claims",
    [
        {**CLAIMS, "exp": int((NOW - timedelta(minutes=2)).timestamp())},
        {**CLAIMS, "aud": "other"},
        {**CLAIMS, "nbf": int((NOW + timedelta(minutes=5)).timestamp())},
        {**CLAIMS, "sub": ""},
        {**CLAIMS, "sub": 7},
        {name: value for name, value in CLAIMS.items() if name != "exp"},
        {name: value for name, value in CLAIMS.items() if name != "sub"},
        {name: value for name, value in CLAIMS.items() if name != "aud"},
    ],
)
def test_a_token_that_is_not_good_is_not_believed(claims: dict[str, object], issuer: JwtIssuer) -> None:
    assert subject_of(token(claims), [issuer], NOW) is Why.WRONG_IDENTITY


def test_another_key_or_algorithm_is_not_believed(issuer: JwtIssuer) -> None:
    assert subject_of(token(secret="x" * 40), [issuer], NOW) is Why.WRONG_IDENTITY
    header, payload, _ = token().split(".")
    assert subject_of(f"{header}.{payload}.", [issuer], NOW) is Why.WRONG_IDENTITY
    none = jwt.encode({"alg": "HS512"}, CLAIMS, OctKey.import_key(SECRET), algorithms=["HS512"])
    assert subject_of(none, [issuer], NOW) is Why.WRONG_IDENTITY


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "a.e30.c", ".W10.", "x" * 20_000, "a." + "W" * 9000 + ".c"])
def test_what_is_no_token_is_of_no_issuer(text: str, issuer: JwtIssuer) -> None:
    assert subject_of(text, [issuer], NOW) is Why.UNKNOWN_ISSUER


def test_accounts_decide(database: Database, issuer: JwtIssuer) -> None:
    accounts = Accounts(database, EventLog(database))
    accounts.add_user("alice", Role.RADIOLOGIST, "correct horse battery")
    identities = UserIdentities(accounts, [issuer])
    alice = User("alice", Role.RADIOLOGIST)

    def verify(kind: int, primary: bytes, secondary: bytes = b"") -> User | Why | None:
        return identities.verify(
            UserIdentity(kind, response_requested=True, primary=primary, secondary=secondary), "::1"
        )

    assert verify(1, b"alice") is None
    assert verify(2, b"alice", b"correct horse battery") == alice
    assert verify(2, b"alice", b"wrong") is Why.WRONG_IDENTITY
    assert verify(2, b"nobody", b"correct horse battery") is Why.WRONG_IDENTITY
    assert verify(2, b"\xff", b"x") is Why.WRONG_IDENTITY
    assert verify(3, b"ticket") is Why.IDENTITY_KIND
    assert verify(4, b"<saml/>") is Why.IDENTITY_KIND
    assert verify(99, b"") is Why.IDENTITY_KIND
    claims = {**CLAIMS, "exp": int((datetime.now(UTC) + timedelta(hours=1)).timestamp())}
    assert verify(5, token(claims).encode()) == alice
    assert verify(5, token({**claims, "sub": "nobody"}).encode()) is Why.WRONG_IDENTITY
    assert verify(5, token(claims, "x" * 40).encode()) is Why.WRONG_IDENTITY
    with database.connection() as connection:
        rows = connection.execute("select outcome, count(*) from event where kind = 'login' group by outcome")
        assert dict(rows.fetchall()) == {"success": 2, "failure": 4}


def test_many_wrong_passwords_are_throttled(database: Database) -> None:
    accounts = Accounts(database, EventLog(database))
    identities = UserIdentities(accounts, [])
    wrong = UserIdentity(2, response_requested=False, primary=b"nobody", secondary=b"wrong")
    answers = {identities.verify(wrong, "10.0.0.1") for _ in range(12)}
    assert answers == {Why.WRONG_IDENTITY, Why.TOO_MANY_FAILURES}


def test_issuers_are_tables_of_the_settings_file(tmp_path: Path) -> None:
    table = '[[jwt_issuers]]\nissuer = "https://login"\naudience = "a"\nalgorithm = "ES256"\nkey = "/k"\n'
    (tmp_path / "filmless.toml").write_text(table)
    assert read({"data": tmp_path}, {}).jwt_issuers == (JwtIssuer("https://login", "a", "ES256", Path("/k")),)
    for wrong in (table.replace("ES256", "none"), table.replace("audience", "audienz"), "jwt_issuers = 3\n"):
        (tmp_path / "filmless.toml").write_text(wrong)
        with pytest.raises(SettingsError, match="jwt_issuers"):
            read({"data": tmp_path}, {})
