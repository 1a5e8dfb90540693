"""Which client an address needs beside obstore, so that the folder of code that goes there can bring it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_BOTO3 = "boto3>=1.40,<2"
PACKING = "backports.zstd>=1.3,<2; python_version < '3.14'"  # for objects that are packed; a newer Python has it

# By the scheme of the address, as pip calls them.
CLIENTS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("psycopg[binary]>=3.2,<4",),
    "mysql": ("pymysql>=1.2,<2",),  # older ones go on without TLS when a server says that it has none
    "valkeys": ("redis>=6,<9",),
    "rediss": ("redis>=6,<9",),
    "redis": ("redis>=6,<9",),
    "sqs+https": (_BOTO3,),
    "servicebus+sessions": ("azure-servicebus>=7.14,<8",),
}
# What an address says when its password or its token comes from AWS.
_BY_AWS = ("?secret=", "?cache=")


def needed(address: str, provider: str, *, abroad: bool) -> Iterator[str]:
    """The packages that a task of one cloud needs for an address, of which only the text that is fixed need be there.

    ``abroad`` is whether the address is another cloud's: AWS then says who the task is, through its own client.
    """
    scheme, separator, _ = address.partition("://")
    for known, packages in CLIENTS.items():
        # A queue's own URL is known when deploying: what is fixed of its address is only "sqs+".
        if known == scheme or (not separator and scheme and known.startswith(scheme)):
            yield from packages
    by_aws = address.startswith("aws:") or any(word in address for word in _BY_AWS)  # a secret, or with one
    if provider == "aws" and (abroad or by_aws):
        yield _BOTO3
