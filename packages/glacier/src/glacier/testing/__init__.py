"""Proof that generated programs are right: the SDKs' own schemas, strict mocks, a type checker and document schemas.

The parts import what they prove against, which is never needed to compile a pipeline:

    schema      what an installed Pulumi SDK says about its types
    values      the outputs a cloud would answer with
    mocks       a deployment engine that answers from those and records what a program asks for
    run         runs a generated program, as an update or as a preview
    compare     a run against the program it was generated from
    sdk         the type checker, the linter and the formatter over generated text
    documents   policies and state machines against their JSON schemas

They need ``pulumi``, the provider's SDK, ``pyright``, ``ruff`` and ``cfn-lint`` beside Glacier.
"""
