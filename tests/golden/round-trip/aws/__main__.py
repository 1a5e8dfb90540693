"""Infrastructure of the pipeline round trip on aws, in us-east-1.

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

round_trip_azure_stack = pulumi.StackReference(
    "round-trip-azure",
    stack_name=f"{pulumi.get_organization()}/round-trip-azure/{pulumi.get_stack()}",
)

# None until those stacks have been deployed once; then run `pulumi up` here again.
d2_account_name = round_trip_azure_stack.get_output("d2_account_name")
d2_container_name = round_trip_azure_stack.get_output("d2_container_name")
subscription_client_tenant_id = round_trip_azure_stack.get_output(
    "subscription_client_tenant_id",
)
three_from_aws_identity_client_id = round_trip_azure_stack.get_output(
    "three_from_aws_identity_client_id",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

aws_provider = aws.Provider(
    "round-trip-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "round trip", "glacier:stack": pulumi.get_stack()},
    },
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString(
    "round-trip-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared: outbound -----------------------------------------------------------------

outbound_federation = aws.iam.get_outbound_web_identity_federation_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "round-trip-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "round-trip-failures-policy",
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
    "round-trip-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "round-trip-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "round-trip-code-policy",
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
    "round-trip-upload-tasks",
    bucket=code_bucket.bucket,
    key="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Dataset d0 -----------------------------------------------------------------------

# d0: put there by somebody else, read by one.
d0_bucket = aws.s3.Bucket(
    "round-trip-d0",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

d0_privacy = aws.s3.BucketPublicAccessBlock(
    "round-trip-d0-privacy",
    bucket=d0_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "round-trip-d0-ownership",
    bucket=d0_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "round-trip-d0-encryption",
    bucket=d0_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "round-trip-d0-lifecycle",
    bucket=d0_bucket.bucket,
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
    "round-trip-d0-policy",
    bucket=d0_bucket.bucket,
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
                        d0_bucket.arn,
                        pulumi.Output.concat(d0_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[d0_privacy]),
)

# --- Dataset d3 -----------------------------------------------------------------------

# d3: written by three.
d3_bucket = aws.s3.Bucket(
    "round-trip-d3",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

d3_privacy = aws.s3.BucketPublicAccessBlock(
    "round-trip-d3-privacy",
    bucket=d3_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "round-trip-d3-ownership",
    bucket=d3_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "round-trip-d3-encryption",
    bucket=d3_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "round-trip-d3-lifecycle",
    bucket=d3_bucket.bucket,
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
    "round-trip-d3-policy",
    bucket=d3_bucket.bucket,
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
                        d3_bucket.arn,
                        pulumi.Output.concat(d3_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[d3_privacy]),
)

# --- Task three -----------------------------------------------------------------------

# three reads d2 and writes d3.
three_logs = aws.cloudwatch.LogGroup(
    "round-trip-three-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

three_role = aws.iam.Role(
    "round-trip-three-role",
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

three_basics = aws.iam.RolePolicy(
    "round-trip-three-basics",
    role=three_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(three_logs.arn, ":*")],
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
    "round-trip-three-writes-d3",
    role=three_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(d3_bucket.arn, "/d3/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

three_function = aws.lambda_.Function(
    "round-trip-three",
    role=three_role.arn,
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
            "GLACIER_TASK": "three",
            "GLACIER_STORE_D2": pulumi.Output.concat(
                "az://",
                d2_account_name.apply(str),
                "/",
                d2_container_name.apply(str),
                "/?tenant=",
                subscription_client_tenant_id.apply(str),
                "&client=",
                three_from_aws_identity_client_id.apply(str),
            ),
            "GLACIER_STORE_D3": pulumi.Output.concat(
                "s3://",
                d3_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": three_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[three_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "round-trip-three-invocations",
    function_name=three_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- The order in which the tasks run, leg 3 of 3 -------------------------------------

workflow_3_role = aws.iam.Role(
    "round-trip-workflow-3-role",
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

workflow_3_steps = aws.iam.RolePolicy(
    "round-trip-workflow-3-steps",
    role=workflow_3_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [three_function.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# Start a run: aws stepfunctions start-execution --state-machine-arn $(pulumi stack
# output workflow)
workflow_3_machine = aws.sfn.StateMachine(
    "round-trip-workflow-3",
    role_arn=workflow_3_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "three",
            "States": {
                "three": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": three_function.arn,
                        "Payload": {"task": "three", "run.$": "$$.Execution.Name"},
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
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[workflow_3_steps]),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_d0",
    pulumi.Output.concat("s3://", d0_bucket.bucket, "/?region=us-east-1"),
)
pulumi.export(
    "storage_d3",
    pulumi.Output.concat("s3://", d3_bucket.bucket, "/?region=us-east-1"),
)
pulumi.export("workflow_3", workflow_3_machine.id)
pulumi.export("account_identity_account_id", account_identity.account_id)
pulumi.export("d0_bucket_arn", d0_bucket.arn)
pulumi.export("d0_bucket_bucket", d0_bucket.bucket)
pulumi.export(
    "outbound_federation_issuer_identifier",
    outbound_federation.issuer_identifier,
)
pulumi.export("suffix_text_result", suffix_text.result)
pulumi.export("three_role_arn", three_role.arn)
pulumi.export("three_role_id", three_role.id)
