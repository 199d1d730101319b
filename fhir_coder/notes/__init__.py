"""Note formats: bytes with a content type become canonical text with section hints. One file per format; see :mod:`.formats`."""
