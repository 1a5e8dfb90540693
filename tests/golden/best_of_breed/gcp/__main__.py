"""Infrastructure of the pipeline best of breed on gcp, in europe-west3.

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

best_of_breed_aws_stack = pulumi.StackReference(
    "best-of-breed-aws",
    stack_name=f"{pulumi.get_organization()}/best-of-breed-aws/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

gcp_provider = gcp.Provider(
    "best-of-breed-gcp-provider",
    project=project,
    region="europe-west3",
    default_labels={"glacier-pipeline": "best-of-breed"},
    add_pulumi_attribution_label=False,
)

# --- Shared: storage-api --------------------------------------------------------------

storage_api_service = gcp.projects.Service(
    "best-of-breed-storage-api",
    service="storage.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: iam-api ------------------------------------------------------------------

iam_api_service = gcp.projects.Service(
    "best-of-breed-iam-api",
    service="iam.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: guests -------------------------------------------------------------------

guests_id = random.RandomString(
    "best-of-breed-guests-id",
    length=6,
    special=False,
    upper=False,
)

# Tasks of other clouds that have something to do here; the trust program says which.
guests_pool = gcp.iam.WorkloadIdentityPool(
    "best-of-breed-guests",
    workload_identity_pool_id=pulumi.Output.concat(
        "guests-of-best-of-breed-",
        guests_id.result,
    ),
    display_name="best-of-breed guests",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString(
    "best-of-breed-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared: object-writer ------------------------------------------------------------

object_writer_role = gcp.projects.IAMCustomRole(
    "best-of-breed-object-writer",
    role_id=pulumi.Output.concat("best_of_breed_object_writer_", suffix_text.result),
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
    "best-of-breed-cloudresourcemanager-api",
    service="cloudresourcemanager.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: code ---------------------------------------------------------------------

code_bucket = gcp.storage.Bucket(
    "best-of-breed-code",
    location="EUROPE-WEST3",
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
    "best-of-breed-artifactregistry-api",
    service="artifactregistry.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: images -------------------------------------------------------------------

images_repository = gcp.artifactregistry.Repository(
    "best-of-breed-images",
    repository_id=pulumi.Output.concat("best-of-breed-images-", suffix_text.result),
    location="europe-west3",
    format="DOCKER",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[artifactregistry_api_service],
    ),
)

# --- Shared: builder ------------------------------------------------------------------

builder_account = gcp.serviceaccount.Account(
    "best-of-breed-builder",
    account_id=pulumi.Output.concat("best-of-breed-builder-", suffix_text.result),
    display_name="Builds functions",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

builder_logs = gcp.projects.IAMMember(
    "best-of-breed-builder-logs",
    member=builder_account.member,
    project=project,
    role="roles/logging.logWriter",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

builder_copies = gcp.projects.IAMMember(
    "best-of-breed-builder-copies",
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
    "best-of-breed-builder-uploads",
    member=builder_account.member,
    bucket=code_bucket.name,
    role="roles/storage.objectViewer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

builder_images = gcp.artifactregistry.RepositoryIamMember(
    "best-of-breed-builder-images",
    member=builder_account.member,
    location="europe-west3",
    repository=images_repository.name,
    role="roles/artifactregistry.writer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: upload-tasks -------------------------------------------------------------

# Its name changes when the code does; an object that kept its name would never be built
# again.
upload_tasks_object = gcp.storage.BucketObject(
    "best-of-breed-upload-tasks",
    bucket=code_bucket.name,
    name="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudfunctions-api -------------------------------------------------------

cloudfunctions_api_service = gcp.projects.Service(
    "best-of-breed-cloudfunctions-api",
    service="cloudfunctions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudbuild-api -----------------------------------------------------------

cloudbuild_api_service = gcp.projects.Service(
    "best-of-breed-cloudbuild-api",
    service="cloudbuild.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: run-api ------------------------------------------------------------------

run_api_service = gcp.projects.Service(
    "best-of-breed-run-api",
    service="run.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflows-api ------------------------------------------------------------

workflows_api_service = gcp.projects.Service(
    "best-of-breed-workflows-api",
    service="workflows.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflowexecutions-api ---------------------------------------------------

workflowexecutions_api_service = gcp.projects.Service(
    "best-of-breed-workflowexecutions-api",
    service="workflowexecutions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Dataset scores -------------------------------------------------------------------

# scores: written by score, read by write.
scores_bucket = gcp.storage.Bucket(
    "best-of-breed-scores",
    location="EUROPE-WEST3",
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

# --- Guest from azure: task write -----------------------------------------------------

# Who it is here; the trust program says who may be it.
write_from_azure_id = random.RandomString(
    "best-of-breed-write-from-azure-id",
    length=6,
    special=False,
    upper=False,
    keepers={"guests": guests, "from": "azure"},
)

# --- Task score -----------------------------------------------------------------------

# score reads orders and writes scores.
score_account = gcp.serviceaccount.Account(
    "best-of-breed-score",
    account_id=pulumi.Output.concat("best-of-breed-score-", suffix_text.result),
    display_name="Task score",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.storage.BucketIAMMember(
    "best-of-breed-score-writes-scores",
    bucket=scores_bucket.name,
    role=object_writer_role.name,
    member=score_account.member,
    condition={
        "title": "writes scores",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            scores_bucket.name,
            '/objects/scores/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

score_function = gcp.cloudfunctionsv2.Function(
    "best-of-breed-score",
    location="europe-west3",
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
        "available_memory": "1024Mi",
        "available_cpu": "0.583",
        "timeout_seconds": 300,
        "max_instance_request_concurrency": 1,
        "min_instance_count": 0,
        "max_instance_count": 100,
        "ingress_settings": "ALLOW_INTERNAL_ONLY",
        "service_account_email": score_account.email,
        "environment_variables": {
            "GLACIER_TASK": "score",
            "GLACIER_STORE_ORDERS": pulumi.Output.concat(
                "s3://",
                best_of_breed_aws_stack.require_output("orders_bucket_bucket"),
                "/?region=eu-central-1&storage_class=STANDARD_IA&role=arn:aws:iam::",
                best_of_breed_aws_stack.require_output("account_identity_account_id"),
                ":role/best-of-breed-score-from-gcp-",
                best_of_breed_aws_stack.require_output("suffix_text_result"),
                "&audience=best-of-breed-on-aws-",
                pulumi.get_stack(),
            ),
            "GLACIER_STORE_SCORES": pulumi.Output.concat(
                "gs://",
                scores_bucket.name,
                "/",
            ),
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

# --- The order in which the tasks run, leg 2 of 3 -------------------------------------

workflow_2_account = gcp.serviceaccount.Account(
    "best-of-breed-31a49c5d",
    account_id=pulumi.Output.concat("best-of-breed-31a49c5d-", suffix_text.result),
    display_name="Runs the tasks in order",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

workflow_2_calls_score = gcp.cloudrunv2.ServiceIamMember(
    "best-of-breed-workflow-2-calls-score",
    location="europe-west3",
    member=workflow_2_account.member,
    name=score_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# Start a run: gcloud workflows run "$(pulumi stack output workflow_2)"
workflow_2_workflow = gcp.workflows.Workflow(
    "best-of-breed-workflow-2",
    region="europe-west3",
    service_account=workflow_2_account.id,
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
                                    "task": "score",
                                    "url": score_function.service_config.uri,
                                    "seconds": 300,
                                    "retries": 1,
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
            workflow_2_calls_score,
        ],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export("storage_scores", pulumi.Output.concat("gs://", scores_bucket.name, "/"))
pulumi.export("workflow_2", workflow_2_workflow.id)
pulumi.export("guests_pool_name", guests_pool.name)
pulumi.export(
    "guests_pool_workload_identity_pool_id",
    guests_pool.workload_identity_pool_id,
)
pulumi.export("score_account_unique_id", score_account.unique_id)
pulumi.export("scores_bucket_name", scores_bucket.name)
pulumi.export("write_from_azure_id_result", write_from_azure_id.result)
