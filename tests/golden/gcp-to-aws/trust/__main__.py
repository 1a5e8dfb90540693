"""What tasks of the pipeline guest on aws may do on clouds other than their own: all of it."""

import pulumi
import pulumi_aws as aws

import overrides

guest_on_aws_aws_stack = pulumi.StackReference(
    "guest-on-aws-aws",
    stack_name=f"{pulumi.get_organization()}/guest-on-aws-aws/{pulumi.get_stack()}",
)
guest_on_aws_gcp_stack = pulumi.StackReference(
    "guest-on-aws-gcp",
    stack_name=f"{pulumi.get_organization()}/guest-on-aws-gcp/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Providers ------------------------------------------------------------------------

aws_provider = aws.Provider(
    "guest-on-aws-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {
            "glacier:pipeline": "guest on aws",
            "glacier:stack": pulumi.get_stack(),
        },
    },
)

# --- Task work of gcp on aws ----------------------------------------------------------

# What work becomes when it comes here from gcp.
work_from_gcp_role = aws.iam.Role(
    "guest-on-aws-work-from-gcp-role",
    name=pulumi.Output.concat(
        "guest-on-aws-work-from-gcp-",
        guest_on_aws_aws_stack.require_output("suffix_text_result"),
    ),
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": "accounts.google.com"},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {
                            "accounts.google.com:oaud": f"guest-on-aws-on-aws-{pulumi.get_stack()}",
                            "accounts.google.com:sub": guest_on_aws_gcp_stack.require_output(
                                "work_account_unique_id",
                            ),
                        },
                    },
                },
            ],
        },
    ),
    max_session_duration=3600,
    opts=pulumi.ResourceOptions(provider=aws_provider, delete_before_replace=True),
)

aws.iam.RolePolicy(
    "guest-on-aws-work-from-gcp-reads-given",
    role=work_from_gcp_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": [
                        pulumi.Output.concat(
                            guest_on_aws_aws_stack.require_output("given_bucket_arn"),
                            "/given/*",
                        ),
                    ],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": [
                        guest_on_aws_aws_stack.require_output("given_bucket_arn"),
                    ],
                    "Condition": {"StringLike": {"s3:prefix": ["given/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.iam.RolePolicy(
    "guest-on-aws-work-from-gcp-writes-made",
    role=work_from_gcp_role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                    "Resource": [
                        pulumi.Output.concat(
                            guest_on_aws_aws_stack.require_output("made_bucket_arn"),
                            "/made/*",
                        ),
                    ],
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)
