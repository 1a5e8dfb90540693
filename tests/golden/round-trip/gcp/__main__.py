"""Infrastructure of the pipeline round trip on gcp, in us-central1.

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

round_trip_aws_stack = pulumi.StackReference(
    "round-trip-aws",
    stack_name=f"{pulumi.get_organization()}/round-trip-aws/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

gcp_provider = gcp.Provider(
    "round-trip-gcp-provider",
    project=project,
    region="us-central1",
    default_labels={"glacier-pipeline": "round-trip"},
    add_pulumi_attribution_label=False,
)

# --- Shared: storage-api --------------------------------------------------------------

storage_api_service = gcp.projects.Service(
    "round-trip-storage-api",
    service="storage.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: iam-api ------------------------------------------------------------------

iam_api_service = gcp.projects.Service(
    "round-trip-iam-api",
    service="iam.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: guests -------------------------------------------------------------------

guests_id = random.RandomString(
    "round-trip-guests-id",
    length=6,
    special=False,
    upper=False,
)

# Tasks of other clouds that have something to do here; the trust program says which.
guests_pool = gcp.iam.WorkloadIdentityPool(
    "round-trip-guests",
    workload_identity_pool_id=pulumi.Output.concat(
        "guests-of-round-trip-",
        guests_id.result,
    ),
    display_name="round-trip guests",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString(
    "round-trip-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared: object-writer ------------------------------------------------------------

object_writer_role = gcp.projects.IAMCustomRole(
    "round-trip-object-writer",
    role_id=pulumi.Output.concat("round_trip_object_writer_", suffix_text.result),
    title="Writes objects",
    permissions=[
        "storage.multipartUploads.abort",
        "storage.multipartUploads.create",
        "storage.multipartUploads.listParts",
        "storage.objects.create",
        "storage.objects.delete",
    ],
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

# --- Shared: cloudresourcemanager-api -------------------------------------------------

cloudresourcemanager_api_service = gcp.projects.Service(
    "round-trip-cloudresourcemanager-api",
    service="cloudresourcemanager.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: code ---------------------------------------------------------------------

code_bucket = gcp.storage.Bucket(
    "round-trip-code",
    location="US-CENTRAL1",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    force_destroy=True,
    soft_delete_policy={"retention_duration_seconds": 0},
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[storage_api_service],
    ),
)

# --- Shared: artifactregistry-api -----------------------------------------------------

artifactregistry_api_service = gcp.projects.Service(
    "round-trip-artifactregistry-api",
    service="artifactregistry.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: images -------------------------------------------------------------------

images_repository = gcp.artifactregistry.Repository(
    "round-trip-images",
    repository_id=pulumi.Output.concat("round-trip-images-", suffix_text.result),
    location="us-central1",
    format="DOCKER",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[artifactregistry_api_service],
    ),
)

# --- Shared: builder ------------------------------------------------------------------

builder_account = gcp.serviceaccount.Account(
    "round-trip-builder",
    account_id=pulumi.Output.concat("round-trip-builder-", suffix_text.result),
    display_name="Builds functions",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

builder_logs = gcp.projects.IAMMember(
    "round-trip-builder-logs",
    member=builder_account.member,
    project=project,
    role="roles/logging.logWriter",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

builder_copies = gcp.projects.IAMMember(
    "round-trip-builder-copies",
    member=builder_account.member,
    project=project,
    role="roles/storage.objectViewer",
    condition={
        "title": "copies of uploads",
        "expression": 'resource.name.startsWith("projects/_/buckets/gcf-v2-")',
    },
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

builder_uploads = gcp.storage.BucketIAMMember(
    "round-trip-builder-uploads",
    member=builder_account.member,
    bucket=code_bucket.name,
    role="roles/storage.objectViewer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

builder_images = gcp.artifactregistry.RepositoryIamMember(
    "round-trip-builder-images",
    member=builder_account.member,
    location="us-central1",
    repository=images_repository.name,
    role="roles/artifactregistry.writer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: upload-tasks -------------------------------------------------------------

# Its name changes when the code does; an object that kept its name would never be built
# again.
upload_tasks_object = gcp.storage.BucketObject(
    "round-trip-upload-tasks",
    bucket=code_bucket.name,
    name="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudfunctions-api -------------------------------------------------------

cloudfunctions_api_service = gcp.projects.Service(
    "round-trip-cloudfunctions-api",
    service="cloudfunctions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudbuild-api -----------------------------------------------------------

cloudbuild_api_service = gcp.projects.Service(
    "round-trip-cloudbuild-api",
    service="cloudbuild.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: run-api ------------------------------------------------------------------

run_api_service = gcp.projects.Service(
    "round-trip-run-api",
    service="run.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflows-api ------------------------------------------------------------

workflows_api_service = gcp.projects.Service(
    "round-trip-workflows-api",
    service="workflows.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflowexecutions-api ---------------------------------------------------

workflowexecutions_api_service = gcp.projects.Service(
    "round-trip-workflowexecutions-api",
    service="workflowexecutions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Dataset d1 -----------------------------------------------------------------------

# d1: written by one, read by two.
d1_bucket = gcp.storage.Bucket(
    "round-trip-d1",
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

# --- Guest from azure: task two -------------------------------------------------------

# Who it is here; the trust program says who may be it.
two_from_azure_id = random.RandomString(
    "round-trip-two-from-azure-id",
    length=6,
    special=False,
    upper=False,
    keepers={"guests": guests, "from": "azure"},
)

# --- Task one -------------------------------------------------------------------------

# one reads d0 and writes d1.
one_account = gcp.serviceaccount.Account(
    "round-trip-one",
    account_id=pulumi.Output.concat("round-trip-one-", suffix_text.result),
    display_name="Task one",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.storage.BucketIAMMember(
    "round-trip-one-writes-d1",
    bucket=d1_bucket.name,
    role=object_writer_role.name,
    member=one_account.member,
    condition={
        "title": "writes d1",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            d1_bucket.name,
            '/objects/d1/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

one_function = gcp.cloudfunctionsv2.Function(
    "round-trip-one",
    location="us-central1",
    build_config={
        "runtime": "python313",
        "entry_point": "handler",
        "environment_variables": {"GOOGLE_FUNCTION_SOURCE": "glacier_function.py"},
        "service_account": builder_account.id,
        "docker_repository": images_repository.id,
        "source": {
            "storage_source": {
                "bucket": code_bucket.name,
                "object": upload_tasks_object.name,
            },
        },
    },
    service_config={
        "available_memory": "512Mi",
        "available_cpu": "0.333",
        "timeout_seconds": 300,
        "max_instance_request_concurrency": 1,
        "min_instance_count": 0,
        "max_instance_count": 100,
        "ingress_settings": "ALLOW_INTERNAL_ONLY",
        "service_account_email": one_account.email,
        "environment_variables": {
            "GLACIER_TASK": "one",
            "GLACIER_STORE_D0": pulumi.Output.concat(
                "s3://",
                round_trip_aws_stack.require_output("d0_bucket_bucket"),
                "/?region=us-east-1&role=arn:aws:iam::",
                round_trip_aws_stack.require_output("account_identity_account_id"),
                ":role/round-trip-one-from-gcp-",
                round_trip_aws_stack.require_output("suffix_text_result"),
                "&audience=round-trip-on-aws-",
                pulumi.get_stack(),
            ),
            "GLACIER_STORE_D1": pulumi.Output.concat("gs://", d1_bucket.name, "/"),
        },
    },
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[
            cloudfunctions_api_service,
            cloudbuild_api_service,
            run_api_service,
            artifactregistry_api_service,
            builder_logs,
            builder_copies,
            builder_uploads,
            builder_images,
        ],
    ),
)

# --- The order in which the tasks run, leg 1 of 3 -------------------------------------

workflow_account = gcp.serviceaccount.Account(
    "round-trip-workflow",
    account_id=pulumi.Output.concat("round-trip-workflow-", suffix_text.result),
    display_name="Runs the tasks in order",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

workflow_calls_one = gcp.cloudrunv2.ServiceIamMember(
    "round-trip-workflow-calls-one",
    location="us-central1",
    member=workflow_account.member,
    name=one_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# Start a run: gcloud workflows run "$(pulumi stack output workflow)"
workflow_workflow = gcp.workflows.Workflow(
    "round-trip-workflow",
    region="us-central1",
    service_account=workflow_account.id,
    source_contents=pulumi.Output.json_dumps(
        {
            "main": {
                "steps": [
                    {
                        "begin": {
                            "assign": [
                                {
                                    "run": '${sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}',
                                },
                            ],
                        },
                    },
                    {
                        "stage_1": {
                            "call": "run_task",
                            "args": {
                                "task": {
                                    "task": "one",
                                    "url": one_function.service_config.uri,
                                    "seconds": 300,
                                    "retries": 0,
                                },
                                "run": "${run}",
                            },
                        },
                    },
                ],
            },
            "run_task": {
                "params": ["task", "run"],
                "steps": [
                    {"begin": {"assign": [{"left": "${task.retries}"}, {"pause": 1}]}},
                    {
                        "attempt": {
                            "try": {
                                "call": "run_once",
                                "args": {"task": "${task}", "run": "${run}"},
                            },
                            "except": {
                                "as": "error",
                                "steps": [
                                    {
                                        "look": {
                                            "switch": [
                                                {
                                                    "condition": "${left < 1}",
                                                    "steps": [
                                                        {
                                                            "give_up": {
                                                                "raise": "${error}",
                                                            },
                                                        },
                                                    ],
                                                },
                                            ],
                                        },
                                    },
                                    {
                                        "wait": {
                                            "call": "sys.sleep",
                                            "args": {"seconds": "${pause}"},
                                        },
                                    },
                                    {
                                        "count": {
                                            "assign": [
                                                {"left": "${left - 1}"},
                                                {"pause": "${pause * 2}"},
                                            ],
                                            "next": "attempt",
                                        },
                                    },
                                ],
                            },
                        },
                    },
                ],
            },
            "run_once": {
                "params": ["task", "run"],
                "steps": [
                    {
                        "choose": {
                            "switch": [
                                {
                                    "condition": '${"job" in task}',
                                    "steps": [
                                        {
                                            "start": {
                                                "call": "googleapis.run.v2.projects.locations.jobs.run",
                                                "args": {
                                                    "name": "${task.job}",
                                                    "body": {
                                                        "overrides": {
                                                            "containerOverrides": [
                                                                {
                                                                    "env": [
                                                                        {
                                                                            "name": "GLACIER_RUN",
                                                                            "value": "${run}",
                                                                        },
                                                                    ],
                                                                },
                                                            ],
                                                        },
                                                    },
                                                    "connector_params": {
                                                        "timeout": "${task.seconds}",
                                                    },
                                                },
                                            },
                                        },
                                    ],
                                },
                                {
                                    "condition": True,
                                    "steps": [
                                        {
                                            "call": {
                                                "try": {
                                                    "call": "http.post",
                                                    "args": {
                                                        "url": "${task.url}",
                                                        "auth": {
                                                            "type": "OIDC",
                                                            "audience": "${task.url}",
                                                        },
                                                        "timeout": "${task.seconds}",
                                                        "body": {
                                                            "task": "${task.task}",
                                                            "run": "${run}",
                                                        },
                                                    },
                                                },
                                                "retry": {
                                                    "predicate": "${http.default_retry_predicate_non_idempotent}",
                                                    "max_retries": 5,
                                                    "backoff": {
                                                        "initial_delay": 2,
                                                        "max_delay": 60,
                                                        "multiplier": 2,
                                                    },
                                                },
                                            },
                                        },
                                    ],
                                },
                            ],
                        },
                    },
                ],
            },
        },
    ),
    call_log_level="LOG_ERRORS_ONLY",
    deletion_protection=False,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[
            workflows_api_service,
            workflowexecutions_api_service,
            workflow_calls_one,
        ],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export("storage_d1", pulumi.Output.concat("gs://", d1_bucket.name, "/"))
pulumi.export("workflow", workflow_workflow.id)
pulumi.export("d1_bucket_name", d1_bucket.name)
pulumi.export("guests_pool_name", guests_pool.name)
pulumi.export(
    "guests_pool_workload_identity_pool_id",
    guests_pool.workload_identity_pool_id,
)
pulumi.export("one_account_unique_id", one_account.unique_id)
pulumi.export("two_from_azure_id_result", two_from_azure_id.result)
