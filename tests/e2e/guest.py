"""Tasks on Google Cloud and on Azure that read and write on AWS."""

from typing import Annotated

from glacier import Dataset, Pipeline
from glacier_aws.storage import S3
from glacier_azure.compute import AzureFunction
from glacier_gcp.compute import CloudFunction

from_google, from_azure = Pipeline("guest from google"), Pipeline("guest from azure")
given, made = Dataset("given", storage=S3()), Dataset("made", storage=S3())
given_too, made_too = Dataset("given", storage=S3()), Dataset("made", storage=S3())


@from_google.task(compute=CloudFunction())
def double(value: Annotated[int, given]) -> Annotated[int, made]:
    """What is there, twice."""
    return value * 2


@from_azure.task(compute=AzureFunction())
def triple(value: Annotated[int, given_too]) -> Annotated[int, made_too]:
    """What is there, three times."""
    return value * 3
