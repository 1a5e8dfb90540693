"""The generic computes and their defaults."""

from __future__ import annotations

import inspect

from glacier import compute


def test_the_defaults_are_those_of_the_design() -> None:
    function = compute.serverless()
    assert (function.memory, function.timeout, function.env, function.requirements) == (512, 300, None, None)
    job = compute.container()
    assert (job.image, job.cpu, job.memory, job.timeout, job.env) == (None, 1, 512, 3600, None)
    assert compute.local().workers == 1


def test_the_order_of_the_arguments() -> None:
    assert list(inspect.signature(compute.serverless).parameters)[:4] == ["memory", "timeout", "env", "requirements"]
    assert list(inspect.signature(compute.container).parameters)[:5] == ["image", "cpu", "memory", "timeout", "env"]
    assert list(inspect.signature(compute.local).parameters) == ["workers"]


def test_what_is_given_is_kept() -> None:
    made = compute.serverless(1024, 60, env={"MODE": "fast"}, requirements=["polars"], aws_layers=["arn"])
    assert (made.memory, made.timeout, made.env, made.requirements) == (1024, 60, {"MODE": "fast"}, ["polars"])
    assert made.hints == {"aws": {"layers": ["arn"]}}
