"""Where things are: the line, its zone and cells, the terrain and what can be seen; metres, never soldiers."""
