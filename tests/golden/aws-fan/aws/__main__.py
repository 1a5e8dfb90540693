"""Infrastructure of the pipeline fan out on aws, in us-east-1.

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
    "fan-out-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "fan out", "glacier:stack": pulumi.get_stack()},
    },
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "fan-out-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "fan-out-failures-policy",
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
    "fan-out-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "fan-out-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "fan-out-code-policy",
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
    "fan-out-upload-tasks",
    bucket=code_bucket.bucket,
    key="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Shared: network ------------------------------------------------------------------

network_vpc = aws.ec2.Vpc(
    "fan-out-network-vpc",
    cidr_block="10.0.0.0/16",
    enable_dns_support=True,
    enable_dns_hostnames=True,
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

# AWS lets everything in this group talk; taken over without rules, it lets nothing.
aws.ec2.DefaultSecurityGroup(
    "fan-out-network-default",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_zones = aws.get_availability_zones_output(
    state="available",
    filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

network_gateway = aws.ec2.InternetGateway(
    "fan-out-network-gateway",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_private_routes = aws.ec2.RouteTable(
    "fan-out-network-private-routes",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_public_routes = aws.ec2.RouteTable(
    "fan-out-network-public-routes",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.ec2.Route(
    "fan-out-network-internet",
    route_table_id=network_public_routes.id,
    destination_cidr_block="0.0.0.0/0",
    gateway_id=network_gateway.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_private_a = aws.ec2.Subnet(
    "fan-out-network-private-a",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[0],
    cidr_block="10.0.0.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "fan-out-network-private-a-routes",
    subnet_id=network_private_a.id,
    route_table_id=network_private_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_private_b = aws.ec2.Subnet(
    "fan-out-network-private-b",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[1],
    cidr_block="10.0.16.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "fan-out-network-private-b-routes",
    subnet_id=network_private_b.id,
    route_table_id=network_private_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_public_a = aws.ec2.Subnet(
    "fan-out-network-public-a",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[0],
    cidr_block="10.0.128.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "fan-out-network-public-a-routes",
    subnet_id=network_public_a.id,
    route_table_id=network_public_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_public_b = aws.ec2.Subnet(
    "fan-out-network-public-b",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[1],
    cidr_block="10.0.144.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "fan-out-network-public-b-routes",
    subnet_id=network_public_b.id,
    route_table_id=network_public_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.ec2.VpcEndpoint(
    "fan-out-network-storage",
    vpc_id=network_vpc.id,
    vpc_endpoint_type="Gateway",
    service_name="com.amazonaws.us-east-1.s3",
    route_table_ids=[network_private_routes.id, network_public_routes.id],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_tasks = aws.ec2.SecurityGroup(
    "fan-out-network-tasks",
    vpc_id=network_vpc.id,
    description="What runs tasks",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.vpc.SecurityGroupEgressRule(
    "fan-out-network-https",
    security_group_id=network_tasks.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="0.0.0.0/0",
    description="S3 and the services of AWS, which have no fixed addresses",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: cluster ------------------------------------------------------------------

cluster_cluster = aws.ecs.Cluster(
    "fan-out-cluster",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Storage scratch: datasets gathered, part 0, part 1, part 2 and 3 more ------------

# gathered: written by gather. part 0: written by make part 0, read by gather. part 1:
# written by make part 1, read by gather. part 2: written by make part 2, read by
# gather. part 3: written by make part 3, read by gather. part 4: written by make part
# 4, read by gather. seed: written by start, read by make part 0, make part 1, make part
# 2, make part 3, make part 4.
scratch_bucket = aws.s3.Bucket(
    "fan-out-scratch",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

scratch_privacy = aws.s3.BucketPublicAccessBlock(
    "fan-out-scratch-privacy",
    bucket=scratch_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "fan-out-scratch-ownership",
    bucket=scratch_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "fan-out-scratch-encryption",
    bucket=scratch_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "fan-out-scratch-lifecycle",
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
    "fan-out-scratch-policy",
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

# --- Task start -----------------------------------------------------------------------

# start writes seed.
start_logs = aws.cloudwatch.LogGroup(
    "fan-out-start-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

start_role = aws.iam.Role(
    "fan-out-start-role",
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

start_basics = aws.iam.RolePolicy(
    "fan-out-start-basics",
    role=start_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(start_logs.arn, ":*")],
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
    "fan-out-start-writes-scratch",
    role=start_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/seed/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

start_function = aws.lambda_.Function(
    "fan-out-start",
    role=start_role.arn,
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
            "GLACIER_TASK": "start",
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": start_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[start_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "fan-out-start-invocations",
    function_name=start_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task make part 0 -----------------------------------------------------------------

# make part 0 reads seed and writes part 0.
make_part_0_logs = aws.cloudwatch.LogGroup(
    "fan-out-make-part-0-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_0_role = aws.iam.Role(
    "fan-out-make-part-0-role",
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

make_part_0_basics = aws.iam.RolePolicy(
    "fan-out-make-part-0-basics",
    role=make_part_0_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(make_part_0_logs.arn, ":*")],
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
    "fan-out-make-part-0-reads-scratch",
    role=make_part_0_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/seed/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [scratch_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["seed/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "fan-out-make-part-0-writes-scratch",
    role=make_part_0_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/part-0/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_0_function = aws.lambda_.Function(
    "fan-out-make-part-0",
    role=make_part_0_role.arn,
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
            "GLACIER_TASK": "make part 0",
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": make_part_0_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[make_part_0_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "fan-out-make-part-0-invocations",
    function_name=make_part_0_function.name,
    maximum_retry_attempts=1,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task make part 1 -----------------------------------------------------------------

# make part 1 reads seed and writes part 1.
make_part_1_logs = aws.cloudwatch.LogGroup(
    "fan-out-make-part-1-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_1_role = aws.iam.Role(
    "fan-out-make-part-1-role",
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

make_part_1_basics = aws.iam.RolePolicy(
    "fan-out-make-part-1-basics",
    role=make_part_1_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(make_part_1_logs.arn, ":*")],
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
    "fan-out-make-part-1-reads-scratch",
    role=make_part_1_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/seed/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [scratch_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["seed/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "fan-out-make-part-1-writes-scratch",
    role=make_part_1_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/part-1/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_1_function = aws.lambda_.Function(
    "fan-out-make-part-1",
    role=make_part_1_role.arn,
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
            "GLACIER_TASK": "make part 1",
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": make_part_1_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[make_part_1_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "fan-out-make-part-1-invocations",
    function_name=make_part_1_function.name,
    maximum_retry_attempts=1,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task make part 2 -----------------------------------------------------------------

# make part 2 reads seed and writes part 2.
make_part_2_logs = aws.cloudwatch.LogGroup(
    "fan-out-make-part-2-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_2_role = aws.iam.Role(
    "fan-out-make-part-2-role",
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

make_part_2_basics = aws.iam.RolePolicy(
    "fan-out-make-part-2-basics",
    role=make_part_2_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(make_part_2_logs.arn, ":*")],
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
    "fan-out-make-part-2-reads-scratch",
    role=make_part_2_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/seed/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [scratch_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["seed/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "fan-out-make-part-2-writes-scratch",
    role=make_part_2_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/part-2/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_2_function = aws.lambda_.Function(
    "fan-out-make-part-2",
    role=make_part_2_role.arn,
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
            "GLACIER_TASK": "make part 2",
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": make_part_2_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[make_part_2_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "fan-out-make-part-2-invocations",
    function_name=make_part_2_function.name,
    maximum_retry_attempts=1,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task make part 3 -----------------------------------------------------------------

# make part 3 reads seed and writes part 3.
make_part_3_logs = aws.cloudwatch.LogGroup(
    "fan-out-make-part-3-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_3_role = aws.iam.Role(
    "fan-out-make-part-3-role",
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

make_part_3_basics = aws.iam.RolePolicy(
    "fan-out-make-part-3-basics",
    role=make_part_3_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(make_part_3_logs.arn, ":*")],
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
    "fan-out-make-part-3-reads-scratch",
    role=make_part_3_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/seed/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [scratch_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["seed/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "fan-out-make-part-3-writes-scratch",
    role=make_part_3_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/part-3/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_3_function = aws.lambda_.Function(
    "fan-out-make-part-3",
    role=make_part_3_role.arn,
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
            "GLACIER_TASK": "make part 3",
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": make_part_3_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[make_part_3_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "fan-out-make-part-3-invocations",
    function_name=make_part_3_function.name,
    maximum_retry_attempts=1,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task make part 4 -----------------------------------------------------------------

# make part 4 reads seed and writes part 4.
make_part_4_logs = aws.cloudwatch.LogGroup(
    "fan-out-make-part-4-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_4_role = aws.iam.Role(
    "fan-out-make-part-4-role",
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

make_part_4_basics = aws.iam.RolePolicy(
    "fan-out-make-part-4-basics",
    role=make_part_4_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(make_part_4_logs.arn, ":*")],
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
    "fan-out-make-part-4-reads-scratch",
    role=make_part_4_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/seed/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [scratch_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["seed/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "fan-out-make-part-4-writes-scratch",
    role=make_part_4_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [pulumi.Output.concat(scratch_bucket.arn, "/part-4/*")],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

make_part_4_function = aws.lambda_.Function(
    "fan-out-make-part-4",
    role=make_part_4_role.arn,
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
            "GLACIER_TASK": "make part 4",
            "GLACIER_STORE_SCRATCH": pulumi.Output.concat(
                "s3://",
                scratch_bucket.bucket,
                "/?region=us-east-1",
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": make_part_4_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[make_part_4_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "fan-out-make-part-4-invocations",
    function_name=make_part_4_function.name,
    maximum_retry_attempts=1,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task gather ----------------------------------------------------------------------

# gather reads part 0, part 1, part 2, part 3, part 4 and writes gathered.
gather_logs = aws.cloudwatch.LogGroup(
    "fan-out-gather-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

gather_role = aws.iam.Role(
    "fan-out-gather-role",
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
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

aws.iam.RolePolicy(
    "fan-out-gather-reads-scratch",
    role=gather_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [
                        pulumi.Output.concat(scratch_bucket.arn, "/part-0/*"),
                        pulumi.Output.concat(scratch_bucket.arn, "/part-1/*"),
                        pulumi.Output.concat(scratch_bucket.arn, "/part-2/*"),
                        pulumi.Output.concat(scratch_bucket.arn, "/part-3/*"),
                        pulumi.Output.concat(scratch_bucket.arn, "/part-4/*"),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [scratch_bucket.arn],
                    "Condition": {
                        "StringLike": {
                            "s3:prefix": [
                                "part-0/*",
                                "part-1/*",
                                "part-2/*",
                                "part-3/*",
                                "part-4/*",
                            ],
                        },
                    },
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "fan-out-gather-writes-scratch",
    role=gather_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [
                        pulumi.Output.concat(scratch_bucket.arn, "/gathered/*"),
                    ],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

gather_starter = aws.iam.Role(
    "fan-out-gather-starter",
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
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

# Build functions/tasks and push it with this tag; the README has the commands.
gather_images = aws.ecr.Repository(
    "fan-out-gather-images",
    image_tag_mutability="IMMUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    force_delete=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

gather_basics = aws.iam.RolePolicy(
    "fan-out-gather-basics",
    role=gather_starter.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(gather_logs.arn, ":*")],
                },
                {
                    "Effect": "Allow",
                    "Action": [
                        "ecr:BatchCheckLayerAvailability",
                        "ecr:BatchGetImage",
                        "ecr:GetDownloadUrlForLayer",
                    ],
                    "Resource": [gather_images.arn],
                },
                {
                    "Effect": "Allow",
                    "Action": ["ecr:GetAuthorizationToken"],
                    "Resource": ["*"],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

gather_definition = aws.ecs.TaskDefinition(
    "fan-out-gather",
    family="fan-out-gather",
    requires_compatibilities=["FARGATE"],
    network_mode="awsvpc",
    cpu="2048",
    memory="4096",
    runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
    execution_role_arn=gather_starter.arn,
    task_role_arn=gather_role.arn,
    container_definitions=pulumi.Output.json_dumps(
        [
            {
                "name": "task",
                "image": pulumi.Output.concat(
                    gather_images.repository_url,
                    ":0123456789ab",
                ),
                "essential": True,
                "command": ["python", "-m", "glacier.runtime"],
                "environment": [
                    {"name": "GLACIER_TASK", "value": "gather"},
                    {
                        "name": "GLACIER_STORE_SCRATCH",
                        "value": pulumi.Output.concat(
                            "s3://",
                            scratch_bucket.bucket,
                            "/?region=us-east-1",
                        ),
                    },
                ],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": gather_logs.name,
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "task",
                    },
                },
            },
        ],
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[gather_basics]),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_role = aws.iam.Role(
    "fan-out-workflow-role",
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
    "fan-out-workflow-steps",
    role=workflow_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [
                        start_function.arn,
                        make_part_0_function.arn,
                        make_part_1_function.arn,
                        make_part_2_function.arn,
                        make_part_3_function.arn,
                        make_part_4_function.arn,
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["ecs:RunTask"],
                    "Resource": [gather_definition.arn],
                },
                {
                    "Effect": "Allow",
                    "Action": ["ecs:StopTask", "ecs:DescribeTasks"],
                    "Resource": [
                        pulumi.Output.concat(
                            "arn:aws:ecs:us-east-1:",
                            account_identity.account_id,
                            ":task/",
                            cluster_cluster.name,
                            "/*",
                        ),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["iam:PassRole"],
                    "Resource": [gather_role.arn, gather_starter.arn],
                    "Condition": {
                        "StringEquals": {
                            "iam:PassedToService": "ecs-tasks.amazonaws.com",
                        },
                    },
                },
                {
                    "Effect": "Allow",
                    "Action": [
                        "events:PutTargets",
                        "events:PutRule",
                        "events:DescribeRule",
                    ],
                    "Resource": [
                        pulumi.Output.concat(
                            "arn:aws:events:us-east-1:",
                            account_identity.account_id,
                            ":rule/StepFunctionsGetEventsForECSTaskRule",
                        ),
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
    "fan-out-workflow",
    role_arn=workflow_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "start",
            "States": {
                "start": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": start_function.arn,
                        "Payload": {"task": "start", "run.$": "$$.Execution.Name"},
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
                    "Next": "Stage 2 (5 tasks)",
                },
                "Stage 2 (5 tasks)": {
                    "Type": "Parallel",
                    "Branches": [
                        {
                            "StartAt": "make part 0",
                            "States": {
                                "make part 0": {
                                    "Type": "Task",
                                    "Resource": "arn:aws:states:::lambda:invoke",
                                    "Parameters": {
                                        "FunctionName": make_part_0_function.arn,
                                        "Payload": {
                                            "task": "make part 0",
                                            "run.$": "$$.Execution.Name",
                                        },
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
                                            "MaxAttempts": 1,
                                            "BackoffRate": 2,
                                            "JitterStrategy": "FULL",
                                        },
                                    ],
                                    "ResultPath": None,
                                    "End": True,
                                },
                            },
                        },
                        {
                            "StartAt": "make part 1",
                            "States": {
                                "make part 1": {
                                    "Type": "Task",
                                    "Resource": "arn:aws:states:::lambda:invoke",
                                    "Parameters": {
                                        "FunctionName": make_part_1_function.arn,
                                        "Payload": {
                                            "task": "make part 1",
                                            "run.$": "$$.Execution.Name",
                                        },
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
                                            "MaxAttempts": 1,
                                            "BackoffRate": 2,
                                            "JitterStrategy": "FULL",
                                        },
                                    ],
                                    "ResultPath": None,
                                    "End": True,
                                },
                            },
                        },
                        {
                            "StartAt": "make part 2",
                            "States": {
                                "make part 2": {
                                    "Type": "Task",
                                    "Resource": "arn:aws:states:::lambda:invoke",
                                    "Parameters": {
                                        "FunctionName": make_part_2_function.arn,
                                        "Payload": {
                                            "task": "make part 2",
                                            "run.$": "$$.Execution.Name",
                                        },
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
                                            "MaxAttempts": 1,
                                            "BackoffRate": 2,
                                            "JitterStrategy": "FULL",
                                        },
                                    ],
                                    "ResultPath": None,
                                    "End": True,
                                },
                            },
                        },
                        {
                            "StartAt": "make part 3",
                            "States": {
                                "make part 3": {
                                    "Type": "Task",
                                    "Resource": "arn:aws:states:::lambda:invoke",
                                    "Parameters": {
                                        "FunctionName": make_part_3_function.arn,
                                        "Payload": {
                                            "task": "make part 3",
                                            "run.$": "$$.Execution.Name",
                                        },
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
                                            "MaxAttempts": 1,
                                            "BackoffRate": 2,
                                            "JitterStrategy": "FULL",
                                        },
                                    ],
                                    "ResultPath": None,
                                    "End": True,
                                },
                            },
                        },
                        {
                            "StartAt": "make part 4",
                            "States": {
                                "make part 4": {
                                    "Type": "Task",
                                    "Resource": "arn:aws:states:::lambda:invoke",
                                    "Parameters": {
                                        "FunctionName": make_part_4_function.arn,
                                        "Payload": {
                                            "task": "make part 4",
                                            "run.$": "$$.Execution.Name",
                                        },
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
                                            "MaxAttempts": 1,
                                            "BackoffRate": 2,
                                            "JitterStrategy": "FULL",
                                        },
                                    ],
                                    "ResultPath": None,
                                    "End": True,
                                },
                            },
                        },
                    ],
                    "ResultPath": None,
                    "Next": "gather",
                },
                "gather": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::ecs:runTask.sync",
                    "Parameters": {
                        "LaunchType": "FARGATE",
                        "Cluster": cluster_cluster.arn,
                        "TaskDefinition": gather_definition.arn,
                        "NetworkConfiguration": {
                            "AwsvpcConfiguration": {
                                "Subnets": [network_public_a.id, network_public_b.id],
                                "SecurityGroups": [network_tasks.id],
                                "AssignPublicIp": "ENABLED",
                            },
                        },
                        "Overrides": {
                            "ContainerOverrides": [
                                {
                                    "Name": "task",
                                    "Environment": [
                                        {
                                            "Name": "GLACIER_RUN",
                                            "Value.$": "$$.Execution.Name",
                                        },
                                    ],
                                },
                            ],
                        },
                    },
                    "TimeoutSeconds": 3600,
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
    "storage_scratch",
    pulumi.Output.concat("s3://", scratch_bucket.bucket, "/?region=us-east-1"),
)
pulumi.export(
    "image_gather",
    pulumi.Output.concat(gather_images.repository_url, ":0123456789ab"),
)
pulumi.export("workflow", workflow_machine.id)
