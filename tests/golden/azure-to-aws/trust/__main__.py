"""What tasks of the pipeline guest on aws may do on clouds other than their own: all of it."""

import pulumi
import pulumi_aws as aws
import pulumi_azuread as azuread

import overrides

guest_on_aws_azure_stack = pulumi.StackReference(
    "guest-on-aws-azure",
    stack_name=f"{pulumi.get_organization()}/guest-on-aws-azure/{pulumi.get_stack()}",
)
guest_on_aws_aws_stack = pulumi.StackReference(
    "guest-on-aws-aws",
    stack_name=f"{pulumi.get_organization()}/guest-on-aws-aws/{pulumi.get_stack()}",
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

# --- Task work of azure on aws --------------------------------------------------------

# work may show other clouds who it is.
azuread.AppRoleAssignment(
    "guest-on-aws-work-to-aws-passport",
    app_role_id="00000000-0000-0000-0000-000000000000",
    principal_object_id=guest_on_aws_azure_stack.require_output(
        "work_identity_principal_id",
    ),
    resource_object_id=guest_on_aws_azure_stack.require_output(
        "egress_principal_object_id",
    ),
)

# An account has one such provider per tenant, for every stack: the README says how to
# make it.
work_from_azure_tenant = aws.iam.get_open_id_connect_provider_output(
    arn=pulumi.Output.concat(
        "arn:aws:iam::",
        guest_on_aws_aws_stack.require_output("account_identity_account_id"),
        ":oidc-provider/sts.windows.net/",
        guest_on_aws_azure_stack.require_output("subscription_client_tenant_id"),
        "/",
    ),
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# What work becomes when it comes here from azure.
work_from_azure_role = aws.iam.Role(
    "guest-on-aws-work-from-azure-role",
    name=pulumi.Output.concat(
        "guest-on-aws-work-from-azure-",
        guest_on_aws_aws_stack.require_output("suffix_text_result"),
    ),
    assume_role_policy=pulumi.Output.concat(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "',
        work_from_azure_tenant.arn,
        '"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"sts.windows.net/',
        guest_on_aws_azure_stack.require_output("subscription_client_tenant_id"),
        '/:aud": "api://',
        guest_on_aws_azure_stack.require_output("egress_application_client_id"),
        '", "sts.windows.net/',
        guest_on_aws_azure_stack.require_output("subscription_client_tenant_id"),
        '/:sub": "',
        guest_on_aws_azure_stack.require_output("work_identity_principal_id"),
        '"}}}]}',
    ),
    max_session_duration=3600,
    opts=pulumi.ResourceOptions(provider=aws_provider, delete_before_replace=True),
)

aws.iam.RolePolicy(
    "guest-on-aws-work-from-azure-reads-given",
    role=work_from_azure_role.id,
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
    "guest-on-aws-work-from-azure-writes-made",
    role=work_from_azure_role.id,
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
