"""The errors whose text is a sentence for the person at the command line."""

from filmless.access.accounts import BadName, NameTaken
from filmless.access.credentials import BadPassword
from filmless.access.peers import BadPeer
from filmless.access.roles import UnknownRole
from filmless.app.commands.command_error import CommandError
from filmless.app.data_folder import FolderError
from filmless.app.serving.listening import ListeningError
from filmless.archive.coercion.rules import BadRule
from filmless.archive.errors import Unavailable
from filmless.clients.tls import TlsError
from filmless.database.cluster.durability import WrongDatabase
from filmless.database.cluster.programs import ClusterError
from filmless.database.migrate import MigrationError

SENTENCES: tuple[type[Exception], ...] = (
    BadName,
    BadPassword,
    BadPeer,
    BadRule,
    ClusterError,
    CommandError,
    FolderError,
    ListeningError,
    MigrationError,
    NameTaken,
    TlsError,
    Unavailable,
    UnknownRole,
    WrongDatabase,
)
