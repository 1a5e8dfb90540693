"""Infrastructure of the pipeline guest on gcp on gcp, in us-central1.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

import overrides

config = pulumi.Config()
# The id of the Google Cloud project to deploy to
project = config.require("project")
# Whether data outlives the stack: protected from deletion, and left in place by pulumi
# destroy
keep_data = config.get_bool("keep_data") is not False
# Any other text gives the guests from other clouds new names, to let them in again
# where trust ended
guests = config.get("guests") or "1"

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

gcp_provider = gcp.Provider(
    "guest-on-gcp-gcp-provider",
    project=project,
    region="us-central1",
    default_labels={"glacier-pipeline": "guest-on-gcp"},
    add_pulumi_attribution_label=False,
)

# --- Shared: iam-api ------------------------------------------------------------------

iam_api_service = gcp.projects.Service(
    "guest-on-gcp-iam-api",
    service="iam.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: guests -------------------------------------------------------------------

guests_id = random.RandomString(
    "guest-on-gcp-guests-id",
    length=6,
    special=False,
    upper=False,
)

# Tasks of other clouds that have something to do here; the trust program says which.
guests_pool = gcp.iam.WorkloadIdentityPool(
    "guest-on-gcp-guests",
    workload_identity_pool_id=pulumi.Output.concat(
        "guests-of-guest-on-gcp-",
        guests_id.result,
    ),
    display_name="guest-on-gcp guests",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

# --- Shared: storage-api --------------------------------------------------------------

storage_api_service = gcp.projects.Service(
    "guest-on-gcp-storage-api",
    service="storage.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Dataset given --------------------------------------------------------------------

# given: put there by somebody else, read by work.
given_bucket = gcp.storage.Bucket(
    "guest-on-gcp-given",
    location="US-CENTRAL1",
    storage_class="STANDARD",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    lifecycle_rules=[
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
    ],
    soft_delete_policy={"retention_duration_seconds": 604800},
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
        depends_on=[storage_api_service],
    ),
)

# --- Dataset made ---------------------------------------------------------------------

# made: written by work.
made_bucket = gcp.storage.Bucket(
    "guest-on-gcp-made",
    location="US-CENTRAL1",
    storage_class="STANDARD",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    lifecycle_rules=[
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
    ],
    soft_delete_policy={"retention_duration_seconds": 604800},
    force_destroy=not keep_data,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
        depends_on=[storage_api_service],
    ),
)

# --- Guest from azure: task work ------------------------------------------------------

# Who it is here; the trust program says who may be it.
work_from_azure_id = random.RandomString(
    "guest-on-gcp-work-from-azure-id",
    length=6,
    special=False,
    upper=False,
    keepers={"guests": guests, "from": "azure"},
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export("storage_given", pulumi.Output.concat("gs://", given_bucket.name, "/"))
pulumi.export("storage_made", pulumi.Output.concat("gs://", made_bucket.name, "/"))
pulumi.export("given_bucket_name", given_bucket.name)
pulumi.export("guests_pool_name", guests_pool.name)
pulumi.export(
    "guests_pool_workload_identity_pool_id",
    guests_pool.workload_identity_pool_id,
)
pulumi.export("made_bucket_name", made_bucket.name)
pulumi.export("work_from_azure_id_result", work_from_azure_id.result)
