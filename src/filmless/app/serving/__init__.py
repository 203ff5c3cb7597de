"""``filmless serve``: the supervisor, the server processes, and the sockets they share."""
