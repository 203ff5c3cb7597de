"""From the door to the shelf: an instance examined, identified, written, recorded; and the rows made again at start."""
