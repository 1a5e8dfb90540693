"""AWS's own compute: Lambda, FargateTask."""

from glacier_aws.kinds.container import FargateTask
from glacier_aws.kinds.serverless import Lambda

__all__ = ["FargateTask", "Lambda"]
