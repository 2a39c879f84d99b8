"""Where things are: the line, its zone and cells, the terrain and what is seen; never soldiers."""
