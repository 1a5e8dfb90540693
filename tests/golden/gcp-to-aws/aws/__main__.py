"""Infrastructure of the pipeline guest on aws on aws, in us-east-1.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

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
    "guest-on-aws-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {
            "glacier:pipeline": "guest on aws",
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
    "guest-on-aws-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Dataset given --------------------------------------------------------------------

# given: put there by somebody else, read by work.
given_bucket = aws.s3.Bucket(
    "guest-on-aws-given",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

given_privacy = aws.s3.BucketPublicAccessBlock(
    "guest-on-aws-given-privacy",
    bucket=given_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "guest-on-aws-given-ownership",
    bucket=given_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "guest-on-aws-given-encryption",
    bucket=given_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "guest-on-aws-given-lifecycle",
    bucket=given_bucket.bucket,
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
    "guest-on-aws-given-policy",
    bucket=given_bucket.bucket,
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
                        given_bucket.arn,
                        pulumi.Output.concat(given_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[given_privacy]),
)

# --- Dataset made ---------------------------------------------------------------------

# made: written by work.
made_bucket = aws.s3.Bucket(
    "guest-on-aws-made",
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=aws_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

made_privacy = aws.s3.BucketPublicAccessBlock(
    "guest-on-aws-made-privacy",
    bucket=made_bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketOwnershipControls(
    "guest-on-aws-made-ownership",
    bucket=made_bucket.bucket,
    rule={"object_ownership": "BucketOwnerEnforced"},
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketServerSideEncryptionConfiguration(
    "guest-on-aws-made-encryption",
    bucket=made_bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    opts=pulumi.ResourceOptions(provider=aws_provider),
)

aws.s3.BucketLifecycleConfiguration(
    "guest-on-aws-made-lifecycle",
    bucket=made_bucket.bucket,
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
    "guest-on-aws-made-policy",
    bucket=made_bucket.bucket,
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
                        made_bucket.arn,
                        pulumi.Output.concat(made_bucket.arn, "/*"),
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    ),
    opts=pulumi.ResourceOptions(provider=aws_provider, depends_on=[made_privacy]),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_given",
    pulumi.Output.concat("s3://", given_bucket.bucket, "/?region=us-east-1"),
)
pulumi.export(
    "storage_made",
    pulumi.Output.concat("s3://", made_bucket.bucket, "/?region=us-east-1"),
)
pulumi.export("account_identity_account_id", account_identity.account_id)
pulumi.export("given_bucket_arn", given_bucket.arn)
pulumi.export("given_bucket_bucket", given_bucket.bucket)
pulumi.export("made_bucket_arn", made_bucket.arn)
pulumi.export("made_bucket_bucket", made_bucket.bucket)
pulumi.export("suffix_text_result", suffix_text.result)
