"""Infrastructure of the pipeline log lake on gcp, in us-central1.

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

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

gcp_provider = gcp.Provider(
    "log-lake-gcp-provider",
    project=project,
    region="us-central1",
    default_labels={"glacier-pipeline": "log-lake"},
    add_pulumi_attribution_label=False,
)

# --- Shared: storage-api --------------------------------------------------------------

storage_api_service = gcp.projects.Service(
    "log-lake-storage-api",
    service="storage.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString(
    "log-lake-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared: iam-api ------------------------------------------------------------------

iam_api_service = gcp.projects.Service(
    "log-lake-iam-api",
    service="iam.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: object-writer ------------------------------------------------------------

object_writer_role = gcp.projects.IAMCustomRole(
    "log-lake-object-writer",
    role_id=pulumi.Output.concat("log_lake_object_writer_", suffix_text.result),
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
    "log-lake-cloudresourcemanager-api",
    service="cloudresourcemanager.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: code ---------------------------------------------------------------------

code_bucket = gcp.storage.Bucket(
    "log-lake-code",
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
    "log-lake-artifactregistry-api",
    service="artifactregistry.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: images -------------------------------------------------------------------

images_repository = gcp.artifactregistry.Repository(
    "log-lake-images",
    repository_id=pulumi.Output.concat("log-lake-images-", suffix_text.result),
    location="us-central1",
    format="DOCKER",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[artifactregistry_api_service],
    ),
)

# --- Shared: builder ------------------------------------------------------------------

builder_account = gcp.serviceaccount.Account(
    "log-lake-builder",
    account_id=pulumi.Output.concat("log-lake-builder-", suffix_text.result),
    display_name="Builds functions",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

builder_logs = gcp.projects.IAMMember(
    "log-lake-builder-logs",
    member=builder_account.member,
    project=project,
    role="roles/logging.logWriter",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

builder_copies = gcp.projects.IAMMember(
    "log-lake-builder-copies",
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
    "log-lake-builder-uploads",
    member=builder_account.member,
    bucket=code_bucket.name,
    role="roles/storage.objectViewer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

builder_images = gcp.artifactregistry.RepositoryIamMember(
    "log-lake-builder-images",
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
    "log-lake-upload-tasks",
    bucket=code_bucket.name,
    name="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudfunctions-api -------------------------------------------------------

cloudfunctions_api_service = gcp.projects.Service(
    "log-lake-cloudfunctions-api",
    service="cloudfunctions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudbuild-api -----------------------------------------------------------

cloudbuild_api_service = gcp.projects.Service(
    "log-lake-cloudbuild-api",
    service="cloudbuild.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: run-api ------------------------------------------------------------------

run_api_service = gcp.projects.Service(
    "log-lake-run-api",
    service="run.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflows-api ------------------------------------------------------------

workflows_api_service = gcp.projects.Service(
    "log-lake-workflows-api",
    service="workflows.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflowexecutions-api ---------------------------------------------------

workflowexecutions_api_service = gcp.projects.Service(
    "log-lake-workflowexecutions-api",
    service="workflowexecutions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Storage lake: datasets errors, logs, summary, visits -----------------------------

# errors: written by split, read by summarize. logs: put there by somebody else, read by
# split. summary: written by summarize. visits: written by split, read by summarize.
lake_bucket = gcp.storage.Bucket(
    "log-lake-lake",
    location="US-CENTRAL1",
    storage_class="STANDARD",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    lifecycle_rules=[
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
        {"action": {"type": "Delete"}, "condition": {"age": 365}},
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

# --- Task split -----------------------------------------------------------------------

# split reads logs and writes errors, visits.
split_account = gcp.serviceaccount.Account(
    "log-lake-split",
    account_id=pulumi.Output.concat("log-lake-split-", suffix_text.result),
    display_name="Task split",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.storage.BucketIAMMember(
    "log-lake-split-reads-lake",
    bucket=lake_bucket.name,
    role="roles/storage.objectViewer",
    member=split_account.member,
    condition={
        "title": "reads lake",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            lake_bucket.name,
            '/objects/incoming/logs/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("incoming/logs/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

gcp.storage.BucketIAMMember(
    "log-lake-split-writes-lake",
    bucket=lake_bucket.name,
    role=object_writer_role.name,
    member=split_account.member,
    condition={
        "title": "writes lake",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            lake_bucket.name,
            '/objects/errors/") || resource.name.startsWith("projects/_/buckets/',
            lake_bucket.name,
            '/objects/visits/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

split_function = gcp.cloudfunctionsv2.Function(
    "log-lake-split",
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
        "service_account_email": split_account.email,
        "environment_variables": {
            "GLACIER_TASK": "split",
            "GLACIER_STORE_LAKE": pulumi.Output.concat("gs://", lake_bucket.name, "/"),
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

# --- Task summarize -------------------------------------------------------------------

# summarize reads errors, visits and writes summary.
summarize_account = gcp.serviceaccount.Account(
    "log-lake-summarize",
    account_id=pulumi.Output.concat("log-lake-summarize-", suffix_text.result),
    display_name="Task summarize",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.storage.BucketIAMMember(
    "log-lake-summarize-reads-lake",
    bucket=lake_bucket.name,
    role="roles/storage.objectViewer",
    member=summarize_account.member,
    condition={
        "title": "reads lake",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            lake_bucket.name,
            '/objects/errors/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("errors/") || resource.name.startsWith("projects/_/buckets/',
            lake_bucket.name,
            '/objects/visits/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("visits/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

gcp.storage.BucketIAMMember(
    "log-lake-summarize-writes-lake",
    bucket=lake_bucket.name,
    role=object_writer_role.name,
    member=summarize_account.member,
    condition={
        "title": "writes lake",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            lake_bucket.name,
            '/objects/summary/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

summarize_function = gcp.cloudfunctionsv2.Function(
    "log-lake-summarize",
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
        "service_account_email": summarize_account.email,
        "environment_variables": {
            "GLACIER_TASK": "summarize",
            "GLACIER_STORE_LAKE": pulumi.Output.concat("gs://", lake_bucket.name, "/"),
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

# --- The order in which the tasks run -------------------------------------------------

workflow_account = gcp.serviceaccount.Account(
    "log-lake-workflow",
    account_id=pulumi.Output.concat("log-lake-workflow-", suffix_text.result),
    display_name="Runs the tasks in order",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

workflow_calls_split = gcp.cloudrunv2.ServiceIamMember(
    "log-lake-workflow-calls-split",
    location="us-central1",
    member=workflow_account.member,
    name=split_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

workflow_calls_summarize = gcp.cloudrunv2.ServiceIamMember(
    "log-lake-workflow-calls-summarize",
    location="us-central1",
    member=workflow_account.member,
    name=summarize_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# Start a run: gcloud workflows run "$(pulumi stack output workflow)"
workflow_workflow = gcp.workflows.Workflow(
    "log-lake-workflow",
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
                                    "task": "split",
                                    "url": split_function.service_config.uri,
                                    "seconds": 300,
                                    "retries": 0,
                                },
                                "run": "${run}",
                            },
                        },
                    },
                    {
                        "stage_2": {
                            "call": "run_task",
                            "args": {
                                "task": {
                                    "task": "summarize",
                                    "url": summarize_function.service_config.uri,
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
            workflow_calls_split,
            workflow_calls_summarize,
        ],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export("storage_lake", pulumi.Output.concat("gs://", lake_bucket.name, "/"))
pulumi.export("workflow", workflow_workflow.id)
