"""Queries: a query and a scope become one statement, its rows become answers."""
