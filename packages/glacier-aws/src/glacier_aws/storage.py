"""AWS's own storage: S3, RDS, ElastiCache, SQS."""

from glacier_aws.kinds.cache import ElastiCache
from glacier_aws.kinds.database import RDS
from glacier_aws.kinds.object_storage import S3
from glacier_aws.kinds.queue import SQS

__all__ = ["RDS", "S3", "SQS", "ElastiCache"]
