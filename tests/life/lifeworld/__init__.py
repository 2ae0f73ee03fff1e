"""Boards as people and agents really edit them, and a model of what each of them meant."""
