"""Compile Glacier pipelines to Amazon Web Services."""

from glacier_aws.target import AWSCompiler

__all__ = ["AWSCompiler"]
