"""Stub."""


class ElastiCache:
    pass


PARTICULAR = ElastiCache


def specialize(g):
    return g
