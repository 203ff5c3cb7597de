"""C-GET: Query/Retrieve (PS3.4 C.4.3, PS3.7 9.1.3). The objects go over the association of the request."""

from collections import deque

from filmless.servers.association.operation import Operation
from filmless.servers.dimse.outgoing import Preparation, offered_by
from filmless.servers.dimse.retrieve import understand
from filmless.servers.dimse.suboperations import Suboperations

NO_ROLE = "propose the SCP role for the storage SOP classes that you take"


async def c_get(operation: Operation) -> None:
    """Send the instances in the contexts whose SCP the requestor is, then the end."""
    retrieval = await understand(operation)
    if retrieval is None:
        return
    takes = operation.requestor.takes
    if retrieval.instances and not takes:
        for kept in retrieval.instances:
            retrieval.tally.fail(kept.instance_uid, NO_ROLE)
    else:
        given = operation.collaborators
        preparation = Preparation(given.archive, given.codecs, retrieval.allowed, offered_by(takes))
        await Suboperations(retrieval, deque(retrieval.instances), preparation).run(operation.calls)
    retrieval.end()
