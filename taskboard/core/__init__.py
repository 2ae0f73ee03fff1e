"""The pure core: nouns, and verbs with one public function each. No I/O, clock or randomness."""
