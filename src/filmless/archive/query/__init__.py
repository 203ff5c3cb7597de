"""What a query may ask, how its values match, and where its pages end."""
