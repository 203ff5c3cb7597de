"""Who may do what: roles, rights, principals, peers; pure rules without clock or database."""
