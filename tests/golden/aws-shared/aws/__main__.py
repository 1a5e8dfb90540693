"""Infrastructure of the pipeline shared on aws, in us-east-1.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import json

import pulumi
import pulumi_aws as aws

import overrides

config = pulumi.Config()
# Whether data outlives the stack: protected from deletion, and left in place by pulumi
# destroy
keep_data = config.get_bool("keep_data") is not False

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

aws_provider = aws.Provider(
    "shared-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "shared", "glacier:stack": pulumi.get_stack()},
    },
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "shared-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "shared-failures-policy",
    queue_url=failures_queue.url,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Principal": "*",
                    "Effect": "Deny",
                    "Action": ["sqs:*"],
                    "Resource": [failures_queue.arn],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: code ---------------------------------------------------------------------

code_bucket = aws.s3.Bucket(
    "shared-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "shared-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "shared-code-policy",
    bucket=code_bucket.bucket,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Principal": "*",
                    "Effect": "Deny",
                    "Action": ["s3:*"],
                    "Resource": [
                        code_bucket.arn,
                        pulumi.Output.concat(code_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[code_privacy]),
)

# --- Shared: upload-tasks -------------------------------------------------------------

# Its name changes when the code does, and with it the function.
upload_tasks_archive = aws.s3.BucketObjectv2(
    "shared-upload-tasks",
    bucket=code_bucket.bucket,
    key="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Storage lake: datasets left, raw, right ------------------------------------------

# left: written by split, read by join. raw: put there by somebody else, read by split.
# right: written by split, read by join.
lake_bucket = aws.s3.Bucket(
    "shared-lake",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

lake_privacy = aws.s3.BucketPublicAccessBlock(
    "shared-lake-privacy",
    bucket=lake_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "shared-lake-ownership",
    bucket=lake_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "shared-lake-encryption",
    bucket=lake_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

lake_versioning = aws.s3.BucketVersioning(
    "shared-lake-versioning",
    bucket=lake_bucket.bucket,
    versioning_configuration={"status": "Enabled"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "shared-lake-lifecycle",
    bucket=lake_bucket.bucket,
    rules=[
        {
            "id": "glacier",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ],
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[lake_versioning]),
)

aws.s3.BucketPolicy(
    "shared-lake-policy",
    bucket=lake_bucket.bucket,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Principal": "*",
                    "Effect": "Deny",
                    "Action": ["s3:*"],
                    "Resource": [
                        lake_bucket.arn,
                        pulumi.Output.concat(lake_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[lake_privacy]),
)

# --- Task split -----------------------------------------------------------------------

# split reads raw and writes left, right.
split_logs = aws.cloudwatch.LogGroup(
    "shared-split-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

split_role = aws.iam.Role(
    "shared-split-role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

split_basics = aws.iam.RolePolicy(
    "shared-split-basics",
    role=split_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(split_logs.arn, ":*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["sqs:SendMessage"],
                    "Resource": [failures_queue.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "shared-split-reads-lake",
    role=split_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(lake_bucket.arn, "/raw/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [lake_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["raw/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "shared-split-writes-lake",
    role=split_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [
                        pulumi.Output.concat(lake_bucket.arn, "/left/*"),
                        pulumi.Output.concat(lake_bucket.arn, "/right/*"),
                    ],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

split_function = aws.lambda_.Function(
    "shared-split",
    role=split_role.arn,
    runtime="python3.13",
    handler="handler.handler",
    s3_bucket=upload_tasks_archive.bucket,
    s3_key=upload_tasks_archive.key,
    memory_size=512,
    timeout=300,
    architectures=["x86_64"],
    ephemeral_storage={"size": 512},
    environment={
        "variables": {
            "GLACIER_TASK": "split",
            "GLACIER_STORE_LAKE": pulumi.Output.concat(
                "s3://",
                lake_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": split_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[split_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "shared-split-invocations",
    function_name=split_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task join ------------------------------------------------------------------------

# join reads left, right.
join_logs = aws.cloudwatch.LogGroup(
    "shared-join-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

join_role = aws.iam.Role(
    "shared-join-role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

join_basics = aws.iam.RolePolicy(
    "shared-join-basics",
    role=join_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(join_logs.arn, ":*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["sqs:SendMessage"],
                    "Resource": [failures_queue.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "shared-join-reads-lake",
    role=join_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [
                        pulumi.Output.concat(lake_bucket.arn, "/left/*"),
                        pulumi.Output.concat(lake_bucket.arn, "/right/*"),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [lake_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["left/*", "right/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

join_function = aws.lambda_.Function(
    "shared-join",
    role=join_role.arn,
    runtime="python3.13",
    handler="handler.handler",
    s3_bucket=upload_tasks_archive.bucket,
    s3_key=upload_tasks_archive.key,
    memory_size=512,
    timeout=300,
    architectures=["x86_64"],
    ephemeral_storage={"size": 512},
    environment={
        "variables": {
            "GLACIER_TASK": "join",
            "GLACIER_STORE_LAKE": pulumi.Output.concat(
                "s3://",
                lake_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": join_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[join_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "shared-join-invocations",
    function_name=join_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_role = aws.iam.Role(
    "shared-workflow-role",
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "states.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {
                            "aws:SourceAccount": account_identity.account_id,
                        },
                    },
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

workflow_steps = aws.iam.RolePolicy(
    "shared-workflow-steps",
    role=workflow_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [split_function.arn, join_function.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# Start a run: aws stepfunctions start-execution --state-machine-arn $(pulumi stack
# output workflow)
workflow_machine = aws.sfn.StateMachine(
    "shared-workflow",
    role_arn=workflow_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "split",
            "States": {
                "split": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": split_function.arn,
                        "Payload": {"task": "split", "run.$": "$$.Execution.Name"},
                    },
                    "TimeoutSeconds": 300,
                    "Retry": [
                        {
                            "ErrorEquals": [
                                "Lambda.ClientExecutionTimeoutException",
                                "Lambda.ServiceException",
                                "Lambda.AWSLambdaException",
                                "Lambda.SdkClientException",
                                "Lambda.TooManyRequestsException",
                            ],
                            "IntervalSeconds": 2,
                            "MaxAttempts": 6,
                            "BackoffRate": 2,
                        },
                    ],
                    "ResultPath": None,
                    "Next": "join",
                },
                "join": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": join_function.arn,
                        "Payload": {"task": "join", "run.$": "$$.Execution.Name"},
                    },
                    "TimeoutSeconds": 300,
                    "Retry": [
                        {
                            "ErrorEquals": [
                                "Lambda.ClientExecutionTimeoutException",
                                "Lambda.ServiceException",
                                "Lambda.AWSLambdaException",
                                "Lambda.SdkClientException",
                                "Lambda.TooManyRequestsException",
                            ],
                            "IntervalSeconds": 2,
                            "MaxAttempts": 6,
                            "BackoffRate": 2,
                        },
                    ],
                    "ResultPath": None,
                    "End": True,
                },
            },
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[workflow_steps]),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_lake",
    pulumi.Output.concat("s3://", lake_bucket.bucket, "/?region=us-east-1"),
)
pulumi.export("workflow", workflow_machine.id)
