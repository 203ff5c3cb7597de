"""Builds every object and hands it its collaborators; the processes of the server."""
