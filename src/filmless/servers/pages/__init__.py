"""The web application's files and the JSON API that its pages speak."""
