"""The web application's files and its JSON API."""
