"""Infrastructure of the pipeline compliance on aws, in eu-central-1.

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
    "compliance-aws-provider",
    region="eu-central-1",
    default_tags={
        "tags": {
            "glacier:pipeline": "compliance",
            "glacier:stack": pulumi.get_stack(),
            "team": "records",
        },
    },
    allowed_account_ids=["123456789012"],
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "compliance-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "compliance-failures-policy",
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
    "compliance-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "compliance-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "compliance-code-policy",
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

# --- Shared: upload-tasks-arm64 -------------------------------------------------------

# Its name changes when the code does, and with it the function.
upload_tasks_arm64_archive = aws.s3.BucketObjectv2(
    "compliance-upload-tasks-arm64",
    bucket=code_bucket.bucket,
    key="tasks-arm64-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks-arm64"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: upload-tasks -------------------------------------------------------------

# Its name changes when the code does, and with it the function.
upload_tasks_archive = aws.s3.BucketObjectv2(
    "compliance-upload-tasks",
    bucket=code_bucket.bucket,
    key="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Dataset sealed -------------------------------------------------------------------

# sealed: written by seal, read by count.
example_sealed_records_bucket = aws.s3.Bucket(
    "compliance-example-sealed-records",
    bucket="example-sealed-records",
    object_lock_enabled=True,
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

example_sealed_records_privacy = aws.s3.BucketPublicAccessBlock(
    "compliance-example-sealed-records-privacy",
    bucket=example_sealed_records_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "compliance-example-sealed-records-ownership",
    bucket=example_sealed_records_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "compliance-example-sealed-records-encryption",
    bucket=example_sealed_records_bucket.bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            },
            "bucket_key_enabled": True,
        },
    ],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

example_sealed_records_versioning = aws.s3.BucketVersioning(
    "compliance-example-sealed-records-versioning",
    bucket=example_sealed_records_bucket.bucket,
    versioning_configuration={"status": "Enabled"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "compliance-example-sealed-records-lifecycle",
    bucket=example_sealed_records_bucket.bucket,
    rules=[
        {
            "id": "glacier",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ],
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        depends_on=[example_sealed_records_versioning],
    ),
)

aws.s3.BucketPolicy(
    "compliance-example-sealed-records-policy",
    bucket=example_sealed_records_bucket.bucket,
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
                        example_sealed_records_bucket.arn,
                        pulumi.Output.concat(example_sealed_records_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        depends_on=[example_sealed_records_privacy],
    ),
)

# --- Dataset digest -------------------------------------------------------------------

# digest: written by count.
scratch_bucket = aws.s3.Bucket(
    "compliance-scratch",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

scratch_privacy = aws.s3.BucketPublicAccessBlock(
    "compliance-scratch-privacy",
    bucket=scratch_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "compliance-scratch-ownership",
    bucket=scratch_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "compliance-scratch-encryption",
    bucket=scratch_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "compliance-scratch-lifecycle",
    bucket=scratch_bucket.bucket,
    rules=[
        {
            "id": "glacier",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "compliance-scratch-policy",
    bucket=scratch_bucket.bucket,
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
                        scratch_bucket.arn,
                        pulumi.Output.concat(scratch_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[scratch_privacy]),
)

# --- Task seal ------------------------------------------------------------------------

# seal reads ledger and writes sealed.
seal_logs = aws.cloudwatch.LogGroup(
    "compliance-seal-logs",
    retention_in_days=365,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

seal_role = aws.iam.Role(
    "compliance-seal-role",
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

seal_basics = aws.iam.RolePolicy(
    "compliance-seal-basics",
    role=seal_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(seal_logs.arn, ":*")],
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
    "compliance-seal-reads-example-ledger-2024",
    role=seal_role.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": ["arn:aws:s3:::example-ledger-2024/exports/ledger/*"],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": ["arn:aws:s3:::example-ledger-2024"],
                    "Condition": {"StringLike": {"s3:prefix": ["exports/ledger/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "compliance-seal-writes-example-sealed-records",
    role=seal_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [
                        pulumi.Output.concat(
                            example_sealed_records_bucket.arn,
                            "/sealed/*",
                        ),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": [
                        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                    ],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

seal_function = aws.lambda_.Function(
    "compliance-seal",
    role=seal_role.arn,
    runtime="python3.13",
    handler="handler.handler",
    s3_bucket=upload_tasks_arm64_archive.bucket,
    s3_key=upload_tasks_arm64_archive.key,
    memory_size=2048,
    timeout=300,
    architectures=["arm64"],
    ephemeral_storage={"size": 512},
    reserved_concurrent_executions=1,
    environment={
        "variables": {
            "GLACIER_TASK": "seal",
            "GLACIER_STORE_EXAMPLE_LEDGER_2024": "s3://example-ledger-2024/exports/?region=eu-central-1",
            "GLACIER_STORE_EXAMPLE_SEALED_RECORDS": pulumi.Output.concat(
                "s3://",
                example_sealed_records_bucket.bucket,
                "/?region=eu-central-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": seal_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[seal_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "compliance-seal-invocations",
    function_name=seal_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task count -----------------------------------------------------------------------

# count reads sealed and writes digest.
count_logs = aws.cloudwatch.LogGroup(
    "compliance-count-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

count_role = aws.iam.Role(
    "compliance-count-role",
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

count_basics = aws.iam.RolePolicy(
    "compliance-count-basics",
    role=count_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(count_logs.arn, ":*")],
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
    "compliance-count-reads-example-sealed-records",
    role=count_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [
                        pulumi.Output.concat(
                            example_sealed_records_bucket.arn,
                            "/sealed/*",
                        ),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [example_sealed_records_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["sealed/*"]}},
                },
                {
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt"],
                    "Resource": [
                        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                    ],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "compliance-count-writes-scratch",
    role=count_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/digest/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

count_function = aws.lambda_.Function(
    "compliance-count",
    role=count_role.arn,
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
            "GLACIER_TASK": "count",
            "GLACIER_STORE_EXAMPLE_SEALED_RECORDS": pulumi.Output.concat(
                "s3://",
                example_sealed_records_bucket.bucket,
                "/?region=eu-central-1",
            ),
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=eu-central-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": count_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[count_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "compliance-count-invocations",
    function_name=count_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_role = aws.iam.Role(
    "compliance-workflow-role",
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
    "compliance-workflow-steps",
    role=workflow_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [seal_function.arn, count_function.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# Start a run: aws stepfunctions start-execution --state-machine-arn $(pulumi stack
# output workflow)
workflow_machine = aws.sfn.StateMachine(
    "compliance-workflow",
    role_arn=workflow_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "seal",
            "States": {
                "seal": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": seal_function.arn,
                        "Payload": {"task": "seal", "run.$": "$$.Execution.Name"},
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
                    "Next": "count",
                },
                "count": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": count_function.arn,
                        "Payload": {"task": "count", "run.$": "$$.Execution.Name"},
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
    "storage_example_ledger_2024",
    "s3://example-ledger-2024/exports/?region=eu-central-1",
)
pulumi.export(
    "storage_example_sealed_records",
    pulumi.Output.concat(
        "s3://",
        example_sealed_records_bucket.bucket,
        "/?region=eu-central-1",
    ),
)
pulumi.export(
    "storage_scratch",
    pulumi.Output.concat("s3://", scratch_bucket.bucket, "/?region=eu-central-1"),
)
pulumi.export("workflow", workflow_machine.id)
