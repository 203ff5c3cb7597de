"""Arrays in, arrays or encoded frames out."""
