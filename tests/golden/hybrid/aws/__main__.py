"""Infrastructure of the pipeline hybrid on aws, in us-east-1.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import pulumi
import pulumi_aws as aws
import pulumi_random as random

import overrides

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

aws_provider = aws.Provider(
    "hybrid-aws-provider",
    region="us-east-1",
    default_tags={
        "tags": {"glacier:pipeline": "hybrid", "glacier:stack": pulumi.get_stack()},
    },
)

# --- Shared: account ------------------------------------------------------------------

account_identity = aws.get_caller_identity_output(
    opts=pulumi.InvokeOutputOptions(provider=aws_provider),
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString("hybrid-suffix", length=6, special=False, upper=False)

# --- Outputs --------------------------------------------------------------------------

pulumi.export(
    "storage_example_legacy_orders",
    "s3://example-legacy-orders/?region=us-east-1",
)
pulumi.export("account_identity_account_id", account_identity.account_id)
pulumi.export("suffix_text_result", suffix_text.result)
