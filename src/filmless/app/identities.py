"""Users who name themselves while associating (PS3.7 D.3.3.7): passwords and tokens, verified against our accounts."""

from collections.abc import Sequence
from datetime import UTC, datetime

from filmless.access.accounts import TooManyFailures, User
from filmless.database.accounts.accounts import Accounts
from filmless.servers.association.refusals import Why
from filmless.settings import JwtIssuer
from filmless.standards.upper_layer.items import UserIdentity

USERNAME, PASSWORD, WEB_TOKEN = 1, 2, 5  # kinds of user identity that are looked at; 3 is Kerberos, 4 SAML


class UserIdentities:
    """Asks the accounts; a wrong password or token is recorded and throttled as at every other door."""

    def __init__(self, accounts: Accounts, issuers: Sequence[JwtIssuer]) -> None:
        self._accounts = accounts
        self._issuers = tuple(issuers)

    def verify(self, claimed: UserIdentity, address: str) -> User | Why | None:
        """The user who is proved, or why not; None for a bare name, which proves nobody and gives no rights."""
        if claimed.kind == USERNAME:
            return None
        try:
            primary, secondary = claimed.primary.decode(), claimed.secondary.decode()
        except UnicodeDecodeError:
            return Why.WRONG_IDENTITY
        if claimed.kind == PASSWORD:
            found = self._accounts.log_in(primary, secondary, address)
        elif claimed.kind == WEB_TOKEN:
            from filmless.app.web_tokens import subject_of  # noqa: PLC0415  heavy: only who sends one pays

            subject = subject_of(primary, self._issuers, datetime.now(UTC)) if self._issuers else Why.UNKNOWN_ISSUER
            if isinstance(subject, Why):
                self._accounts.distrust(address)
                return subject
            found = self._accounts.trust(subject, address)
        else:
            return Why.IDENTITY_KIND
        if isinstance(found, TooManyFailures):
            return Why.TOO_MANY_FAILURES
        return found or Why.WRONG_IDENTITY
