"""PostgreSQL: the embedded server, migrations, and all statements."""
