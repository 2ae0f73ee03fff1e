"""A world on one disk, one clock and one dice: the real loop, a person, agents and crashes."""
