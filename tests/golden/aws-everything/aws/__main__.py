"""Infrastructure of the pipeline everything on aws, in us-east-1.

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
    "everything-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "everything", "glacier:stack": pulumi.get_stack()},
    },
)

# --- Shared: network ------------------------------------------------------------------

network_vpc = aws.ec2.Vpc(
    "everything-network-vpc",
    cidr_block="10.0.0.0/16",
    enable_dns_support=True,
    enable_dns_hostnames=True,
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

# AWS lets everything in this group talk; taken over without rules, it lets nothing.
aws.ec2.DefaultSecurityGroup(
    "everything-network-default",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_zones = aws.get_availability_zones_output(
    state="available",
    filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

network_gateway = aws.ec2.InternetGateway(
    "everything-network-gateway",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_private_routes = aws.ec2.RouteTable(
    "everything-network-private-routes",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_public_routes = aws.ec2.RouteTable(
    "everything-network-public-routes",
    vpc_id=network_vpc.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.ec2.Route(
    "everything-network-internet",
    route_table_id=network_public_routes.id,
    destination_cidr_block="0.0.0.0/0",
    gateway_id=network_gateway.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_private_a = aws.ec2.Subnet(
    "everything-network-private-a",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[0],
    cidr_block="10.0.0.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "everything-network-private-a-routes",
    subnet_id=network_private_a.id,
    route_table_id=network_private_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_private_b = aws.ec2.Subnet(
    "everything-network-private-b",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[1],
    cidr_block="10.0.16.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "everything-network-private-b-routes",
    subnet_id=network_private_b.id,
    route_table_id=network_private_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_public_a = aws.ec2.Subnet(
    "everything-network-public-a",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[0],
    cidr_block="10.0.128.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "everything-network-public-a-routes",
    subnet_id=network_public_a.id,
    route_table_id=network_public_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_public_b = aws.ec2.Subnet(
    "everything-network-public-b",
    vpc_id=network_vpc.id,
    availability_zone=network_zones.names[1],
    cidr_block="10.0.144.0/20",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.ec2.RouteTableAssociation(
    "everything-network-public-b-routes",
    subnet_id=network_public_b.id,
    route_table_id=network_public_routes.id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.ec2.VpcEndpoint(
    "everything-network-storage",
    vpc_id=network_vpc.id,
    vpc_endpoint_type="Gateway",
    service_name="com.amazonaws.us-east-1.s3",
    route_table_ids=[network_private_routes.id, network_public_routes.id],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

network_tasks = aws.ec2.SecurityGroup(
    "everything-network-tasks",
    vpc_id=network_vpc.id,
    description="What runs tasks",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.vpc.SecurityGroupEgressRule(
    "everything-network-https",
    security_group_id=network_tasks.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="0.0.0.0/0",
    description="S3 and the services of AWS, which have no fixed addresses",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: secrets endpoint ---------------------------------------------------------

secrets_endpoint_group = aws.ec2.SecurityGroup(
    "everything-secrets_endpoint-group",
    vpc_id=network_vpc.id,
    description="The door to secretsmanager",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.vpc.SecurityGroupIngressRule(
    "everything-secrets_endpoint-ingress",
    security_group_id=secrets_endpoint_group.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    referenced_security_group_id=network_tasks.id,
    description="Tasks",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.ec2.VpcEndpoint(
    "everything-secrets_endpoint",
    vpc_id=network_vpc.id,
    vpc_endpoint_type="Interface",
    service_name="com.amazonaws.us-east-1.secretsmanager",
    private_dns_enabled=True,
    subnet_ids=[network_private_a.id, network_private_b.id],
    security_group_ids=[secrets_endpoint_group.id],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: failures -----------------------------------------------------------------

failures_queue = aws.sqs.Queue(
    "everything-failures",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "everything-failures-policy",
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
    "everything-code",
    force_destroy=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

code_privacy = aws.s3.BucketPublicAccessBlock(
    "everything-code-privacy",
    bucket=code_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "everything-code-policy",
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

# --- Shared: upload-tasks-05b9e2fb ----------------------------------------------------

# Its name changes when the code does, and with it the function.
upload_tasks_05b9e2fb_archive = aws.s3.BucketObjectv2(
    "everything-upload-tasks-05b9e2fb",
    bucket=code_bucket.bucket,
    key="tasks-05b9e2fb-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks-05b9e2fb"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: upload-tasks-378b7930 ----------------------------------------------------

# Its name changes when the code does, and with it the function.
upload_tasks_378b7930_archive = aws.s3.BucketObjectv2(
    "everything-upload-tasks-378b7930",
    bucket=code_bucket.bucket,
    key="tasks-378b7930-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks-378b7930"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Shared: cluster ------------------------------------------------------------------

cluster_cluster = aws.ecs.Cluster(
    "everything-cluster",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Shared: upload-tasks -------------------------------------------------------------

# Its name changes when the code does, and with it the function.
upload_tasks_archive = aws.s3.BucketObjectv2(
    "everything-upload-tasks",
    bucket=code_bucket.bucket,
    key="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Dataset bucket -------------------------------------------------------------------

# bucket: put there by somebody else, read by load.
bucket_bucket = aws.s3.Bucket(
    "everything-bucket",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

bucket_privacy = aws.s3.BucketPublicAccessBlock(
    "everything-bucket-privacy",
    bucket=bucket_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "everything-bucket-ownership",
    bucket=bucket_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "everything-bucket-encryption",
    bucket=bucket_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "everything-bucket-lifecycle",
    bucket=bucket_bucket.bucket,
    rules=[
        {
            "id": "glacier",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            "transitions": [{"days": 0, "storage_class": "GLACIER_IR"}],
            "expiration": {"days": 400},
        },
    ],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketPolicy(
    "everything-bucket-policy",
    bucket=bucket_bucket.bucket,
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
                        bucket_bucket.arn,
                        pulumi.Output.concat(bucket_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[bucket_privacy]),
)

# --- Dataset entry --------------------------------------------------------------------

# entry: written by warm, read by announce.
entry_group = aws.ec2.SecurityGroup(
    "everything-entry-group",
    vpc_id=network_vpc.id,
    description="The cache",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.vpc.SecurityGroupIngressRule(
    "everything-entry-ingress",
    security_group_id=entry_group.id,
    ip_protocol="tcp",
    from_port=6379,
    to_port=6380,
    referenced_security_group_id=network_tasks.id,
    description="Tasks",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.vpc.SecurityGroupEgressRule(
    "everything-entry-egress",
    security_group_id=network_tasks.id,
    ip_protocol="tcp",
    from_port=6379,
    to_port=6380,
    referenced_security_group_id=entry_group.id,
    description="The cache",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# Each task's users are added below, by associations.
entry_users = aws.elasticache.UserGroup(
    "everything-entry-users",
    engine="valkey",
    user_group_id=entry_group.id,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        retain_on_delete=keep_data,
        ignore_changes=["user_ids"],
    ),
)

entry_cache = aws.elasticache.ServerlessCache(
    "everything-entry",
    engine="valkey",
    major_engine_version="8",
    cache_usage_limits={"data_storage": {"maximum": 1, "unit": "GB"}},
    subnet_ids=[network_private_a.id, network_private_b.id],
    security_group_ids=[entry_group.id],
    user_group_id=entry_users.user_group_id,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Dataset messages -----------------------------------------------------------------

# messages: written by announce, read by listen.
messages_deadletters = aws.sqs.Queue(
    "everything-messages-deadletters",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=1209600,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

messages_queue = aws.sqs.Queue(
    "everything-messages",
    sqs_managed_sse_enabled=True,
    visibility_timeout_seconds=1800,
    message_retention_seconds=345600,
    receive_wait_time_seconds=20,
    redrive_policy=pulumi.Output.json_dumps(
        {"deadLetterTargetArn": messages_deadletters.arn, "maxReceiveCount": 5},
    ),
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

aws.sqs.RedriveAllowPolicy(
    "everything-messages-redrive",
    queue_url=messages_deadletters.url,
    redrive_allow_policy=pulumi.Output.json_dumps(
        {"redrivePermission": "byQueue", "sourceQueueArns": [messages_queue.arn]},
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "everything-messages-policy",
    queue_url=messages_queue.url,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Principal": "*",
                    "Effect": "Deny",
                    "Action": ["sqs:*"],
                    "Resource": [messages_queue.arn],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.sqs.QueuePolicy(
    "everything-messages-deadletters-policy",
    queue_url=messages_deadletters.url,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Principal": "*",
                    "Effect": "Deny",
                    "Action": ["sqs:*"],
                    "Resource": [messages_deadletters.arn],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Dataset table --------------------------------------------------------------------

# table: written by load, read by announce, warm.
table_group = aws.ec2.SecurityGroup(
    "everything-table-group",
    vpc_id=network_vpc.id,
    description="The database",
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

aws.vpc.SecurityGroupIngressRule(
    "everything-table-ingress",
    security_group_id=table_group.id,
    ip_protocol="tcp",
    from_port=5432,
    to_port=5432,
    referenced_security_group_id=network_tasks.id,
    description="Tasks",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.vpc.SecurityGroupEgressRule(
    "everything-table-egress",
    security_group_id=network_tasks.id,
    ip_protocol="tcp",
    from_port=5432,
    to_port=5432,
    referenced_security_group_id=table_group.id,
    description="The database",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

table_subnets = aws.rds.SubnetGroup(
    "everything-table-subnets",
    subnet_ids=[network_private_a.id, network_private_b.id],
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

table_settings = aws.rds.ParameterGroup(
    "everything-table-settings",
    family="postgres17",
    parameters=[{"name": "rds.force_ssl", "value": "1"}],
    opts=pulumi.ResourceOptions(provider=aws_provider, retain_on_delete=keep_data),
)

table_instance = aws.rds.Instance(
    "everything-table",
    engine="postgres",
    engine_version="17",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    storage_type="gp3",
    storage_encrypted=True,
    db_name="glacier",
    username="glacier",
    manage_master_user_password=True,
    db_subnet_group_name=table_subnets.name,
    vpc_security_group_ids=[table_group.id],
    parameter_group_name=table_settings.name,
    ca_cert_identifier="rds-ca-rsa2048-g1",
    publicly_accessible=False,
    multi_az=False,
    backup_retention_period=7,
    copy_tags_to_snapshot=True,
    deletion_protection=keep_data,
    skip_final_snapshot=not keep_data,
    final_snapshot_identifier=pulumi.Output.concat(
        "everything-table-final-",
        table_group.id,
    ),
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

# --- Task load ------------------------------------------------------------------------

# load reads bucket and writes table.
load_logs = aws.cloudwatch.LogGroup(
    "everything-load-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

load_role = aws.iam.Role(
    "everything-load-role",
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

load_basics = aws.iam.RolePolicy(
    "everything-load-basics",
    role=load_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(load_logs.arn, ":*")],
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
    "everything-load-reads-bucket",
    role=load_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [pulumi.Output.concat(bucket_bucket.arn, "/bucket/*")],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [bucket_bucket.arn],
                    "Condition": {"StringLike": {"s3:prefix": ["bucket/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "everything-load-writes-table",
    role=load_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["secretsmanager:GetSecretValue"],
                    "Resource": [table_instance.master_user_secrets[0].secret_arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

load_interfaces = aws.iam.RolePolicy(
    "everything-load-interfaces",
    role=load_role.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": [
                        "ec2:CreateNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                        "ec2:DeleteNetworkInterface",
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:UnassignPrivateIpAddresses",
                    ],
                    "Resource": ["*"],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

load_function = aws.lambda_.Function(
    "everything-load",
    role=load_role.arn,
    runtime="python3.13",
    handler="handler.handler",
    s3_bucket=upload_tasks_05b9e2fb_archive.bucket,
    s3_key=upload_tasks_05b9e2fb_archive.key,
    memory_size=1024,
    timeout=300,
    architectures=["x86_64"],
    ephemeral_storage={"size": 512},
    environment={
        "variables": {
            "MODE": "fast",
            "GLACIER_TASK": "load",
            "GLACIER_STORE_BUCKET": pulumi.Output.concat(
                "s3://",
                bucket_bucket.bucket,
                "/?region=us-east-1&storage_class=GLACIER_IR",
            ),
            "GLACIER_STORE_TABLE": pulumi.Output.concat(
                "postgres://",
                table_instance.address,
                ":5432/glacier?secret=",
                table_instance.master_user_secrets[0].secret_arn,
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": load_logs.name},
    vpc_config={
        "subnet_ids": [network_private_a.id, network_private_b.id],
        "security_group_ids": [network_tasks.id],
    },
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        depends_on=[load_basics, load_interfaces],
    ),
)

aws.lambda_.FunctionEventInvokeConfig(
    "everything-load-invocations",
    function_name=load_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task warm ------------------------------------------------------------------------

# warm reads table and writes entry.
warm_logs = aws.cloudwatch.LogGroup(
    "everything-warm-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

warm_role = aws.iam.Role(
    "everything-warm-role",
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

warm_basics = aws.iam.RolePolicy(
    "everything-warm-basics",
    role=warm_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(warm_logs.arn, ":*")],
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
    "everything-warm-reads-table",
    role=warm_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["secretsmanager:GetSecretValue"],
                    "Resource": [table_instance.master_user_secrets[0].secret_arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

warm_writes_entry_user = aws.elasticache.User(
    "everything-warm-writes-entry-user",
    engine="valkey",
    user_id=pulumi.Output.concat(entry_group.id, "-writes-0f0aa408c183"),
    user_name=pulumi.Output.concat(entry_group.id, "-writes-0f0aa408c183"),
    authentication_mode={"type": "iam"},
    access_string="on ~entry/* -@all +ping +command +cluster|slots +cluster|shards +set +setrange +append +del +unlink +expire +pexpire",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.elasticache.UserGroupAssociation(
    "everything-warm-writes-entry-member",
    user_group_id=entry_users.user_group_id,
    user_id=warm_writes_entry_user.user_id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "everything-warm-writes-entry",
    role=warm_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["elasticache:Connect"],
                    "Resource": [entry_cache.arn, warm_writes_entry_user.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

warm_interfaces = aws.iam.RolePolicy(
    "everything-warm-interfaces",
    role=warm_role.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": [
                        "ec2:CreateNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                        "ec2:DeleteNetworkInterface",
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:UnassignPrivateIpAddresses",
                    ],
                    "Resource": ["*"],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

warm_function = aws.lambda_.Function(
    "everything-warm",
    role=warm_role.arn,
    runtime="python3.13",
    handler="handler.handler",
    s3_bucket=upload_tasks_378b7930_archive.bucket,
    s3_key=upload_tasks_378b7930_archive.key,
    memory_size=512,
    timeout=300,
    architectures=["x86_64"],
    ephemeral_storage={"size": 512},
    environment={
        "variables": {
            "GLACIER_TASK": "warm",
            "GLACIER_STORE_ENTRY": pulumi.Output.concat(
                "valkeys://",
                entry_cache.endpoints[0].address,
                ":6379/?cache=",
                entry_cache.name,
                "&region=us-east-1&users=",
                entry_group.id,
            ),
            "GLACIER_STORE_TABLE": pulumi.Output.concat(
                "postgres://",
                table_instance.address,
                ":5432/glacier?secret=",
                table_instance.master_user_secrets[0].secret_arn,
            ),
        },
    },
    logging_config={"log_format": "JSON", "log_group": warm_logs.name},
    vpc_config={
        "subnet_ids": [network_private_a.id, network_private_b.id],
        "security_group_ids": [network_tasks.id],
    },
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        depends_on=[warm_basics, warm_interfaces],
    ),
)

aws.lambda_.FunctionEventInvokeConfig(
    "everything-warm-invocations",
    function_name=warm_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- Task announce --------------------------------------------------------------------

# announce reads entry, table and writes messages.
announce_logs = aws.cloudwatch.LogGroup(
    "everything-announce-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

announce_role = aws.iam.Role(
    "everything-announce-role",
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

announce_reads_entry_user = aws.elasticache.User(
    "everything-announce-reads-entry-user",
    engine="valkey",
    user_id=pulumi.Output.concat(entry_group.id, "-reads-f178ad42d80e"),
    user_name=pulumi.Output.concat(entry_group.id, "-reads-f178ad42d80e"),
    authentication_mode={"type": "iam"},
    access_string="on ~entry/* -@all +ping +command +cluster|slots +cluster|shards +get +getrange +strlen +exists +ttl +pttl",
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.elasticache.UserGroupAssociation(
    "everything-announce-reads-entry-member",
    user_group_id=entry_users.user_group_id,
    user_id=announce_reads_entry_user.user_id,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "everything-announce-reads-entry",
    role=announce_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["elasticache:Connect"],
                    "Resource": [entry_cache.arn, announce_reads_entry_user.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "everything-announce-reads-table",
    role=announce_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["secretsmanager:GetSecretValue"],
                    "Resource": [table_instance.master_user_secrets[0].secret_arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "everything-announce-writes-messages",
    role=announce_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sqs:SendMessage"],
                    "Resource": [messages_queue.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

announce_starter = aws.iam.Role(
    "everything-announce-starter",
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

# Build functions/tasks-1a4b5a4f and push it with this tag; the README has the commands.
announce_images = aws.ecr.Repository(
    "everything-announce-images",
    image_tag_mutability="IMMUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    force_delete=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

announce_basics = aws.iam.RolePolicy(
    "everything-announce-basics",
    role=announce_starter.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(announce_logs.arn, ":*")],
                },
                {
                    "Effect": "Allow",
                    "Action": [
                        "ecr:BatchCheckLayerAvailability",
                        "ecr:BatchGetImage",
                        "ecr:GetDownloadUrlForLayer",
                    ],
                    "Resource": [announce_images.arn],
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

announce_definition = aws.ecs.TaskDefinition(
    "everything-announce",
    family="everything-announce",
    requires_compatibilities=["FARGATE"],
    network_mode="awsvpc",
    cpu="1024",
    memory="2048",
    runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
    execution_role_arn=announce_starter.arn,
    task_role_arn=announce_role.arn,
    container_definitions=pulumi.Output.json_dumps(
        [
            {
                "name": "task",
                "image": pulumi.Output.concat(
                    announce_images.repository_url,
                    ":0123456789ab",
                ),
                "essential": True,
                "command": ["python", "-m", "glacier.runtime"],
                "environment": [
                    {"name": "GLACIER_TASK", "value": "announce"},
                    {
                        "name": "GLACIER_STORE_ENTRY",
                        "value": pulumi.Output.concat(
                            "valkeys://",
                            entry_cache.endpoints[0].address,
                            ":6379/?cache=",
                            entry_cache.name,
                            "&region=us-east-1&users=",
                            entry_group.id,
                        ),
                    },
                    {
                        "name": "GLACIER_STORE_MESSAGES",
                        "value": pulumi.Output.concat("sqs+", messages_queue.url),
                    },
                    {
                        "name": "GLACIER_STORE_TABLE",
                        "value": pulumi.Output.concat(
                            "postgres://",
                            table_instance.address,
                            ":5432/glacier?secret=",
                            table_instance.master_user_secrets[0].secret_arn,
                        ),
                    },
                ],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": announce_logs.name,
                        "awslogs-region": "us-east-1",
                        "awslogs-stream-prefix": "task",
                    },
                },
            },
        ],
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[announce_basics]),
)

# --- Task listen ----------------------------------------------------------------------

# listen reads messages.
listen_logs = aws.cloudwatch.LogGroup(
    "everything-listen-logs",
    retention_in_days=30,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

listen_role = aws.iam.Role(
    "everything-listen-role",
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

listen_basics = aws.iam.RolePolicy(
    "everything-listen-basics",
    role=listen_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [pulumi.Output.concat(listen_logs.arn, ":*")],
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
    "everything-listen-reads-messages",
    role=listen_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": [
                        "sqs:ReceiveMessage",
                        "sqs:DeleteMessage",
                        "sqs:ChangeMessageVisibility",
                        "sqs:GetQueueAttributes",
                    ],
                    "Resource": [messages_queue.arn],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

listen_function = aws.lambda_.Function(
    "everything-listen",
    role=listen_role.arn,
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
            "GLACIER_TASK": "listen",
            "GLACIER_STORE_MESSAGES": pulumi.Output.concat("sqs+", messages_queue.url),
        },
    },
    logging_config={"log_format": "JSON", "log_group": listen_logs.name},
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[listen_basics]),
)

aws.lambda_.FunctionEventInvokeConfig(
    "everything-listen-invocations",
    function_name=listen_function.name,
    maximum_retry_attempts=0,
    destination_config={"on_failure": {"destination": failures_queue.arn}},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

# --- The order in which the tasks run -------------------------------------------------

workflow_role = aws.iam.Role(
    "everything-workflow-role",
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
    "everything-workflow-steps",
    role=workflow_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["lambda:InvokeFunction"],
                    "Resource": [
                        load_function.arn,
                        warm_function.arn,
                        listen_function.arn,
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["ecs:RunTask"],
                    "Resource": [announce_definition.arn],
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
                    "Resource": [announce_role.arn, announce_starter.arn],
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
    "everything-workflow",
    role_arn=workflow_role.arn,
    definition=pulumi.Output.json_dumps(
        {
            "StartAt": "load",
            "States": {
                "load": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": load_function.arn,
                        "Payload": {"task": "load", "run.$": "$$.Execution.Name"},
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
                    "Next": "warm",
                },
                "warm": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": warm_function.arn,
                        "Payload": {"task": "warm", "run.$": "$$.Execution.Name"},
                    },
                    "TimeoutSeconds": 60,
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
                    "Next": "announce",
                },
                "announce": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::ecs:runTask.sync",
                    "Parameters": {
                        "LaunchType": "FARGATE",
                        "Cluster": cluster_cluster.arn,
                        "TaskDefinition": announce_definition.arn,
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
                    "Next": "listen",
                },
                "listen": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": listen_function.arn,
                        "Payload": {"task": "listen", "run.$": "$$.Execution.Name"},
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
    "storage_bucket",
    pulumi.Output.concat(
        "s3://",
        bucket_bucket.bucket,
        "/?region=us-east-1&storage_class=GLACIER_IR",
    ),
)
pulumi.export(
    "storage_entry",
    pulumi.Output.concat(
        "valkeys://",
        entry_cache.endpoints[0].address,
        ":6379/?cache=",
        entry_cache.name,
        "&region=us-east-1&users=",
        entry_group.id,
    ),
)
pulumi.export("storage_messages", pulumi.Output.concat("sqs+", messages_queue.url))
pulumi.export(
    "storage_table",
    pulumi.Output.concat(
        "postgres://",
        table_instance.address,
        ":5432/glacier?secret=",
        table_instance.master_user_secrets[0].secret_arn,
    ),
)
pulumi.export(
    "image_announce",
    pulumi.Output.concat(announce_images.repository_url, ":0123456789ab"),
)
pulumi.export("workflow", workflow_machine.id)
