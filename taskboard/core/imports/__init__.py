"""Other people's task boards, read once and written as one of ours: ``taskboard import``.

``source`` makes lines of bytes, a module of ``shapes`` makes ``nouns`` of lines, ``canonical``
makes a board of nouns. A shape is one module with ``score`` and ``read``, found by its name.
"""
