"""Proof that generated programs are right: the SDKs' own schemas, strict mocks, a type checker and document schemas.

The parts import what they prove against, which is never needed to compile a pipeline:

    schema      what an installed Pulumi SDK says about its types
    conform     whether a value is what the schema declares
    values      the outputs a cloud would answer with
    wire        how values travel between a program and the engine
    records     what a program asked for, and whether it gave a secret away
    mocks       an engine that answers from all of these
    run         runs a generated program, as an update or as a preview
    compare     a run against the program it was generated from
    sdk         the type checker, the linter and the formatter over generated text
    documents   policies and state machines against their JSON schemas

They need ``pulumi``, the provider's SDK, ``pyright``, ``ruff`` and ``cfn-lint`` beside Glacier.
"""
