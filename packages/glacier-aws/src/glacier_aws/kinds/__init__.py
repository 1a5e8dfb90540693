"""One module per kind: everything AWS has to say about it."""
