"""Infrastructure of the pipeline best of breed on aws, in eu-central-1.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import json

import pulumi
import pulumi_aws as aws
import pulumi_random as random

import overrides

config = pulumi.Config()
# Whether data outlives the stack: protected from deletion, and left in place by pulumi
# destroy
keep_data = config.get_bool("keep_data") is not False

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

aws_provider = aws.Provider(
    "best-of-breed-aws-provider",
    region="eu-central-1",
    default_tags={
        "tags": {
            "glacier:pipeline": "best of breed",
            "glacier:stack": pulumi.get_stack(),
        },
    },
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString(
    "best-of-breed-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "best-of-breed-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "best-of-breed-failures-policy",
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
    "best-of-breed-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "best-of-breed-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "best-of-breed-code-policy",
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
    "best-of-breed-upload-tasks-arm64",
    bucket=code_bucket.bucket,
    key="tasks-arm64-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks-arm64"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Dataset orders -------------------------------------------------------------------

# orders: written by receive, read by score.
orders_bucket = aws.s3.Bucket(
    "best-of-breed-orders",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

orders_privacy = aws.s3.BucketPublicAccessBlock(
    "best-of-breed-orders-privacy",
    bucket=orders_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "best-of-breed-orders-ownership",
    bucket=orders_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "best-of-breed-orders-encryption",
    bucket=orders_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "best-of-breed-orders-lifecycle",
    bucket=orders_bucket.bucket,
    rules=[
        {
            "id": "glacier",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}],
        },
    ],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "best-of-breed-orders-policy",
    bucket=orders_bucket.bucket,
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
                        orders_bucket.arn,
                        pulumi.Output.concat(orders_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[orders_privacy]),
)

# --- Task receive ---------------------------------------------------------------------

# receive writes orders.
receive_logs = aws.cloudwatch.LogGroup(
    "best-of-breed-receive-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

receive_role = aws.iam.Role(
    "best-of-breed-receive-role",
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

receive_basics = aws.iam.RolePolicy(
    "best-of-breed-receive-basics",
    role=receive_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(receive_logs.arn, ":*")],
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
    "best-of-breed-receive-writes-orders",
    role=receive_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(orders_bucket.arn, "/orders/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

receive_function = aws.lambda_.Function(
    "best-of-breed-receive",
    role=receive_role.arn,
    runtime="python3.13",
    handler="handler.handler",
    s3_bucket=upload_tasks_arm64_archive.bucket,
    s3_key=upload_tasks_arm64_archive.key,
    memory_size=512,
    timeout=300,
    architectures=["arm64"],
    ephemeral_storage={"size": 512},
    environment={
        "variables": {
            "GLACIER_TASK": "receive",
            "GLACIER_STORE_ORDERS": pulumi.Output.concat(
                "s3://",
                orders_bucket.bucket,
                "/?region=eu-central-1&storage_class=STANDARD_IA",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": receive_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[receive_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "best-of-breed-receive-invocations",
    function_name=receive_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- The order in which the tasks run, leg 1 of 3 -------------------------------------

workflow_role = aws.iam.Role(
    "best-of-breed-workflow-role",
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
    "best-of-breed-workflow-steps",
    role=workflow_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [receive_function.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# Start a run: aws stepfunctions start-execution --state-machine-arn $(pulumi stack
# output workflow)
workflow_machine = aws.sfn.StateMachine(
    "best-of-breed-workflow",
    role_arn=workflow_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "receive",
            "States": {
                "receive": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": receive_function.arn,
                        "Payload": {"task": "receive", "run.$": "$$.Execution.Name"},
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
    "storage_orders",
    pulumi.Output.concat(
        "s3://",
        orders_bucket.bucket,
        "/?region=eu-central-1&storage_class=STANDARD_IA",
    ),
)
pulumi.export("workflow", workflow_machine.id)
pulumi.export("account_identity_account_id", account_identity.account_id)
pulumi.export("orders_bucket_arn", orders_bucket.arn)
pulumi.export("orders_bucket_bucket", orders_bucket.bucket)
pulumi.export("suffix_text_result", suffix_text.result)
