"""Who may do what: roles, rights, and the scope that goes down with every call."""
