"""Infrastructure of the pipeline sales on aws, in us-east-1.

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
    "sales-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "sales", "glacier:stack": pulumi.get_stack()},
    },
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "sales-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "sales-failures-policy",
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
    "sales-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "sales-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "sales-code-policy",
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
    "sales-upload-tasks",
    bucket=code_bucket.bucket,
    key="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Dataset orders -------------------------------------------------------------------

# orders: written by collect, read by tidy.
orders_bucket = aws.s3.Bucket(
    "sales-orders",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

orders_privacy = aws.s3.BucketPublicAccessBlock(
    "sales-orders-privacy",
    bucket=orders_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "sales-orders-ownership",
    bucket=orders_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "sales-orders-encryption",
    bucket=orders_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "sales-orders-lifecycle",
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
    "sales-orders-policy",
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

# --- Dataset report -------------------------------------------------------------------

# report: written by summarize.
report_bucket = aws.s3.Bucket(
    "sales-report",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

report_privacy = aws.s3.BucketPublicAccessBlock(
    "sales-report-privacy",
    bucket=report_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "sales-report-ownership",
    bucket=report_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "sales-report-encryption",
    bucket=report_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

report_versioning = aws.s3.BucketVersioning(
    "sales-report-versioning",
    bucket=report_bucket.bucket,
    versioning_configuration={"status": "Enabled"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "sales-report-lifecycle",
    bucket=report_bucket.bucket,
    rules=[
        {
            "id": "glacier",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            "transitions": [{"days": 0, "storage_class": "INTELLIGENT_TIERING"}],
        },
    ],
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[report_versioning]),
)

aws.s3.BucketPolicy(
    "sales-report-policy",
    bucket=report_bucket.bucket,
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
                        report_bucket.arn,
                        pulumi.Output.concat(report_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[report_privacy]),
)

# --- Dataset clean --------------------------------------------------------------------

# clean: written by tidy, read by summarize.
scratch_bucket = aws.s3.Bucket(
    "sales-scratch",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

scratch_privacy = aws.s3.BucketPublicAccessBlock(
    "sales-scratch-privacy",
    bucket=scratch_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "sales-scratch-ownership",
    bucket=scratch_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "sales-scratch-encryption",
    bucket=scratch_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "sales-scratch-lifecycle",
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
    "sales-scratch-policy",
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

# --- Task collect ---------------------------------------------------------------------

# collect writes orders.
collect_logs = aws.cloudwatch.LogGroup(
    "sales-collect-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

collect_role = aws.iam.Role(
    "sales-collect-role",
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

collect_basics = aws.iam.RolePolicy(
    "sales-collect-basics",
    role=collect_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(collect_logs.arn, ":*")],
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
    "sales-collect-writes-orders",
    role=collect_role.id,
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

collect_function = aws.lambda_.Function(
    "sales-collect",
    role=collect_role.arn,
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
            "GLACIER_TASK": "collect",
            "GLACIER_STORE_ORDERS": pulumi.Output.concat(
                "s3://",
                orders_bucket.bucket,
                "/?region=us-east-1&storage_class=STANDARD_IA",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": collect_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[collect_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "sales-collect-invocations",
    function_name=collect_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task tidy ------------------------------------------------------------------------

# tidy reads orders and writes clean.
tidy_logs = aws.cloudwatch.LogGroup(
    "sales-tidy-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

tidy_role = aws.iam.Role(
    "sales-tidy-role",
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

tidy_basics = aws.iam.RolePolicy(
    "sales-tidy-basics",
    role=tidy_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(tidy_logs.arn, ":*")],
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
    "sales-tidy-reads-orders",
    role=tidy_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(orders_bucket.arn, "/orders/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [orders_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["orders/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "sales-tidy-writes-scratch",
    role=tidy_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/clean/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

tidy_function = aws.lambda_.Function(
    "sales-tidy",
    role=tidy_role.arn,
    runtime="python3.13",
    handler="handler.handler",
    s3_bucket=upload_tasks_archive.bucket,
    s3_key=upload_tasks_archive.key,
    memory_size=1024,
    timeout=300,
    architectures=["x86_64"],
    ephemeral_storage={"size": 512},
    environment={
        "variables": {
            "GLACIER_TASK": "tidy",
            "GLACIER_STORE_ORDERS": pulumi.Output.concat(
                "s3://",
                orders_bucket.bucket,
                "/?region=us-east-1&storage_class=STANDARD_IA",
            ),
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": tidy_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[tidy_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "sales-tidy-invocations",
    function_name=tidy_function.name,
    maximum_retry_attempts=2,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task summarize -------------------------------------------------------------------

# summarize reads clean and writes report.
summarize_logs = aws.cloudwatch.LogGroup(
    "sales-summarize-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

summarize_role = aws.iam.Role(
    "sales-summarize-role",
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

summarize_basics = aws.iam.RolePolicy(
    "sales-summarize-basics",
    role=summarize_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(summarize_logs.arn, ":*")],
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
    "sales-summarize-reads-scratch",
    role=summarize_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/clean/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [scratch_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["clean/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "sales-summarize-writes-report",
    role=summarize_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(report_bucket.arn, "/report/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

summarize_function = aws.lambda_.Function(
    "sales-summarize",
    role=summarize_role.arn,
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
            "GLACIER_TASK": "summarize",
            "GLACIER_STORE_REPORT": pulumi.Output.concat(
                "s3://",
                report_bucket.bucket,
                "/?region=us-east-1&storage_class=INTELLIGENT_TIERING",
            ),
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": summarize_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[summarize_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "sales-summarize-invocations",
    function_name=summarize_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_role = aws.iam.Role(
    "sales-workflow-role",
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
    "sales-workflow-steps",
    role=workflow_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [
                        collect_function.arn,
                        tidy_function.arn,
                        summarize_function.arn,
                    ],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# Start a run: aws stepfunctions start-execution --state-machine-arn $(pulumi stack
# output workflow)
workflow_machine = aws.sfn.StateMachine(
    "sales-workflow",
    role_arn=workflow_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "collect",
            "States": {
                "collect": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": collect_function.arn,
                        "Payload": {"task": "collect", "run.$": "$$.Execution.Name"},
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
                    "Next": "tidy",
                },
                "tidy": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": tidy_function.arn,
                        "Payload": {"task": "tidy", "run.$": "$$.Execution.Name"},
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
                        {
                            "ErrorEquals": ["States.ALL"],
                            "IntervalSeconds": 1,
                            "MaxAttempts": 2,
                            "BackoffRate": 2,
                            "JitterStrategy": "FULL",
                        },
                    ],
                    "ResultPath": None,
                    "Next": "summarize",
                },
                "summarize": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": summarize_function.arn,
                        "Payload": {"task": "summarize", "run.$": "$$.Execution.Name"},
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
        "/?region=us-east-1&storage_class=STANDARD_IA",
    ),
)
pulumi.export(
    "storage_report",
    pulumi.Output.concat(
        "s3://",
        report_bucket.bucket,
        "/?region=us-east-1&storage_class=INTELLIGENT_TIERING",
    ),
)
pulumi.export(
    "storage_scratch",
    pulumi.Output.concat("s3://", scratch_bucket.bucket, "/?region=us-east-1"),
)
pulumi.export("workflow", workflow_machine.id)
