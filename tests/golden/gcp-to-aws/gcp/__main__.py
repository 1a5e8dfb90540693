"""Infrastructure of the pipeline guest on aws on gcp, in us-central1.

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

guest_on_aws_aws_stack = pulumi.StackReference(
    "guest-on-aws-aws",
    stack_name=f"{pulumi.get_organization()}/guest-on-aws-aws/{pulumi.get_stack()}",
)

# Your own changes to any resource, before it is created.
pulumi.runtime.register_stack_transformation(overrides.transform)

# --- Provider -------------------------------------------------------------------------

gcp_provider = gcp.Provider(
    "guest-on-aws-gcp-provider",
    project=project,
    region="us-central1",
    default_labels={"glacier-pipeline": "guest-on-aws"},
    add_pulumi_attribution_label=False,
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString(
    "guest-on-aws-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared: iam-api ------------------------------------------------------------------

iam_api_service = gcp.projects.Service(
    "guest-on-aws-iam-api",
    service="iam.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudresourcemanager-api -------------------------------------------------

cloudresourcemanager_api_service = gcp.projects.Service(
    "guest-on-aws-cloudresourcemanager-api",
    service="cloudresourcemanager.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: storage-api --------------------------------------------------------------

storage_api_service = gcp.projects.Service(
    "guest-on-aws-storage-api",
    service="storage.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: code ---------------------------------------------------------------------

code_bucket = gcp.storage.Bucket(
    "guest-on-aws-code",
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
    "guest-on-aws-artifactregistry-api",
    service="artifactregistry.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: images -------------------------------------------------------------------

images_repository = gcp.artifactregistry.Repository(
    "guest-on-aws-images",
    repository_id=pulumi.Output.concat("guest-on-aws-images-", suffix_text.result),
    location="us-central1",
    format="DOCKER",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[artifactregistry_api_service],
    ),
)

# --- Shared: builder ------------------------------------------------------------------

builder_account = gcp.serviceaccount.Account(
    "guest-on-aws-builder",
    account_id=pulumi.Output.concat("guest-on-aws-builder-", suffix_text.result),
    display_name="Builds functions",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

builder_logs = gcp.projects.IAMMember(
    "guest-on-aws-builder-logs",
    member=builder_account.member,
    project=project,
    role="roles/logging.logWriter",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

builder_copies = gcp.projects.IAMMember(
    "guest-on-aws-builder-copies",
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
    "guest-on-aws-builder-uploads",
    member=builder_account.member,
    bucket=code_bucket.name,
    role="roles/storage.objectViewer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

builder_images = gcp.artifactregistry.RepositoryIamMember(
    "guest-on-aws-builder-images",
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
    "guest-on-aws-upload-tasks",
    bucket=code_bucket.name,
    name="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudfunctions-api -------------------------------------------------------

cloudfunctions_api_service = gcp.projects.Service(
    "guest-on-aws-cloudfunctions-api",
    service="cloudfunctions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudbuild-api -----------------------------------------------------------

cloudbuild_api_service = gcp.projects.Service(
    "guest-on-aws-cloudbuild-api",
    service="cloudbuild.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: run-api ------------------------------------------------------------------

run_api_service = gcp.projects.Service(
    "guest-on-aws-run-api",
    service="run.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflows-api ------------------------------------------------------------

workflows_api_service = gcp.projects.Service(
    "guest-on-aws-workflows-api",
    service="workflows.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflowexecutions-api ---------------------------------------------------

workflowexecutions_api_service = gcp.projects.Service(
    "guest-on-aws-workflowexecutions-api",
    service="workflowexecutions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Task work ------------------------------------------------------------------------

# work reads given and writes made.
work_account = gcp.serviceaccount.Account(
    "guest-on-aws-work",
    account_id=pulumi.Output.concat("guest-on-aws-work-", suffix_text.result),
    display_name="Task work",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

work_function = gcp.cloudfunctionsv2.Function(
    "guest-on-aws-work",
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
        "service_account_email": work_account.email,
        "environment_variables": {
            "GLACIER_TASK": "work",
            "GLACIER_STORE_GIVEN": pulumi.Output.concat(
                "s3://",
                guest_on_aws_aws_stack.require_output("given_bucket_bucket"),
                "/?region=us-east-1&role=arn:aws:iam::",
                guest_on_aws_aws_stack.require_output("account_identity_account_id"),
                ":role/guest-on-aws-work-from-gcp-",
                guest_on_aws_aws_stack.require_output("suffix_text_result"),
                "&audience=guest-on-aws-on-aws-",
                pulumi.get_stack(),
            ),
            "GLACIER_STORE_MADE": pulumi.Output.concat(
                "s3://",
                guest_on_aws_aws_stack.require_output("made_bucket_bucket"),
                "/?region=us-east-1&role=arn:aws:iam::",
                guest_on_aws_aws_stack.require_output("account_identity_account_id"),
                ":role/guest-on-aws-work-from-gcp-",
                guest_on_aws_aws_stack.require_output("suffix_text_result"),
                "&audience=guest-on-aws-on-aws-",
                pulumi.get_stack(),
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

# --- The order in which the tasks run -------------------------------------------------

workflow_account = gcp.serviceaccount.Account(
    "guest-on-aws-workflow",
    account_id=pulumi.Output.concat("guest-on-aws-workflow-", suffix_text.result),
    display_name="Runs the tasks in order",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

workflow_calls_work = gcp.cloudrunv2.ServiceIamMember(
    "guest-on-aws-workflow-calls-work",
    location="us-central1",
    member=workflow_account.member,
    name=work_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# Start a run: gcloud workflows run "$(pulumi stack output workflow)"
workflow_workflow = gcp.workflows.Workflow(
    "guest-on-aws-workflow",
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
                                    "task": "work",
                                    "url": work_function.service_config.uri,
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
            workflow_calls_work,
        ],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export("workflow", workflow_workflow.id)
pulumi.export("work_account_unique_id", work_account.unique_id)
