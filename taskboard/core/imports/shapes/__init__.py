"""One module to each shape of a board: ``score(source)`` says how many tasks it sees in it, and
``read(source)`` what they are."""
