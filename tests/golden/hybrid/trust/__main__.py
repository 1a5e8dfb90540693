"""What tasks of the pipeline hybrid may do on clouds other than their own: all of it."""

import json

import pulumi
import pulumi_aws as aws

import overrides

hybrid_aws_stack = pulumi.StackReference(
    "hybrid-aws",
    stack_name=f"{pulumi.get_organization()}/hybrid-aws/{pulumi.get_stack()}",
)
hybrid_gcp_stack = pulumi.StackReference(
    "hybrid-gcp",
    stack_name=f"{pulumi.get_organization()}/hybrid-gcp/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Providers ------------------------------------------------------------------------

aws_provider = aws.Provider(
    "hybrid-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "hybrid", "glacier:stack": pulumi.get_stack()},
    },
)

# --- Task score of gcp on aws ---------------------------------------------------------

# What score becomes when it comes here from gcp.
score_from_gcp_role = aws.iam.Role(
    "hybrid-score-from-gcp-role",
    name=pulumi.Output.concat(
        "hybrid-score-from-gcp-",
        hybrid_aws_stack.require_output("suffix_text_result"),
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
                            "accounts.google.com:oaud": f"hybrid-on-aws-{pulumi.get_stack()}",
                            "accounts.google.com:sub": hybrid_gcp_stack.require_output(
                                "score_account_unique_id",
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
    "hybrid-score-from-gcp-reads-example-legacy-orders",
    role=score_from_gcp_role.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject"],
                    "Resource": ["arn:aws:s3:::example-legacy-orders/legacy/*"],
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": ["arn:aws:s3:::example-legacy-orders"],
                    "Condition": {"StringLike": {"s3:prefix": ["legacy/*"]}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider),
)
