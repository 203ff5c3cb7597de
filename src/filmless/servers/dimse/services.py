"""The services of the DICOM door: which function serves which request, and the right it needs in the registry."""

from filmless.servers.association.service import Service, Services
from filmless.servers.dimse.c_echo import c_echo
from filmless.servers.dimse.c_find import c_find
from filmless.servers.dimse.c_get import c_get
from filmless.servers.dimse.c_move import c_move
from filmless.servers.dimse.c_store import c_store, head
from filmless.servers.dimse.n_action import n_action
from filmless.standards.dimse.commands import CommandField

SERVICES: Services = {
    CommandField.C_ECHO: Service("C-ECHO", "echo", c_echo),
    CommandField.C_STORE: Service("C-STORE", "store", c_store, head),
    CommandField.C_FIND: Service("C-FIND", "find", c_find),
    CommandField.C_GET: Service("C-GET", "get", c_get),
    CommandField.C_MOVE: Service("C-MOVE", "move", c_move),
    CommandField.N_ACTION: Service("N-ACTION", "commit", n_action),
}
