"""Infrastructure of the pipeline guest on gcp on aws, in us-east-1.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import json

import pulumi
import pulumi_aws as aws

import overrides

guest_on_gcp_gcp_stack = pulumi.StackReference(
    "guest-on-gcp-gcp",
    stack_name=f"{pulumi.get_organization()}/guest-on-gcp-gcp/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

aws_provider = aws.Provider(
    "guest-on-gcp-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {
            "glacier:pipeline": "guest on gcp",
            "glacier:stack": pulumi.get_stack(),
        },
    },
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "guest-on-gcp-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "guest-on-gcp-failures-policy",
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
    "guest-on-gcp-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "guest-on-gcp-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "guest-on-gcp-code-policy",
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
    "guest-on-gcp-upload-tasks",
    bucket=code_bucket.bucket,
    key="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task work ------------------------------------------------------------------------

# work reads given and writes made.
work_logs = aws.cloudwatch.LogGroup(
    "guest-on-gcp-work-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

work_role = aws.iam.Role(
    "guest-on-gcp-work-role",
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

work_basics = aws.iam.RolePolicy(
    "guest-on-gcp-work-basics",
    role=work_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(work_logs.arn, ":*")],
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

work_function = aws.lambda_.Function(
    "guest-on-gcp-work",
    role=work_role.arn,
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
            "GLACIER_TASK": "work",
            "GLACIER_STORE_GIVEN": pulumi.Output.concat(
                "gs://",
                guest_on_gcp_gcp_stack.require_output("given_bucket_name"),
                "/?provider=//iam.googleapis.com/",
                guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
                "/providers/guest-work-from-aws-",
                guest_on_gcp_gcp_stack.require_output("work_from_aws_id_result"),
            ),
            "GLACIER_STORE_MADE": pulumi.Output.concat(
                "gs://",
                guest_on_gcp_gcp_stack.require_output("made_bucket_name"),
                "/?provider=//iam.googleapis.com/",
                guest_on_gcp_gcp_stack.require_output("guests_pool_name"),
                "/providers/guest-work-from-aws-",
                guest_on_gcp_gcp_stack.require_output("work_from_aws_id_result"),
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": work_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[work_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "guest-on-gcp-work-invocations",
    function_name=work_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_role = aws.iam.Role(
    "guest-on-gcp-workflow-role",
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
    "guest-on-gcp-workflow-steps",
    role=workflow_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [work_function.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# Start a run: aws stepfunctions start-execution --state-machine-arn $(pulumi stack
# output workflow)
workflow_machine = aws.sfn.StateMachine(
    "guest-on-gcp-workflow",
    role_arn=workflow_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "work",
            "States": {
                "work": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": work_function.arn,
                        "Payload": {"task": "work", "run.$": "$$.Execution.Name"},
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

pulumi.export("workflow", workflow_machine.id)
pulumi.export("account_identity_account_id", account_identity.account_id)
pulumi.export("work_role_name", work_role.name)
