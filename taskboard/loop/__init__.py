"""The scheduler: watch, one turn, one run, write-back, and the daemon around them."""
