"""The watching itself: what a mission's desk does with a store, one use to a file."""
