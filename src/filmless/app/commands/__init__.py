"""What the commands do, each in a file of its own; ``serve`` has its own folder."""
