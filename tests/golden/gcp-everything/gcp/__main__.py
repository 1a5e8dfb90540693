"""Infrastructure of the pipeline everything on gcp, in us-central1.

Written by Glacier from the pipeline's declaration. It is yours: read it, deploy it with
`pulumi up`, and put changes that must survive the next compilation into overrides.py.
"""

import pulumi
import pulumi_command as command
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
    "everything-gcp-provider",
    project=project,
    region="us-central1",
    default_labels={"glacier-pipeline": "everything"},
    add_pulumi_attribution_label=False,
)

# --- Shared: storage-api --------------------------------------------------------------

storage_api_service = gcp.projects.Service(
    "everything-storage-api",
    service="storage.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: memorystore-api ----------------------------------------------------------

memorystore_api_service = gcp.projects.Service(
    "everything-memorystore-api",
    service="memorystore.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: compute-api --------------------------------------------------------------

compute_api_service = gcp.projects.Service(
    "everything-compute-api",
    service="compute.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: network ------------------------------------------------------------------

network_net = gcp.compute.Network(
    "everything-network",
    auto_create_subnetworks=False,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        retain_on_delete=keep_data,
        depends_on=[compute_api_service],
    ),
)

network_subnet = gcp.compute.Subnetwork(
    "everything-network",
    network=network_net.id,
    region="us-central1",
    ip_cidr_range="10.0.0.0/20",
    private_ip_google_access=True,
    opts=pulumi.ResourceOptions(provider=gcp_provider, retain_on_delete=keep_data),
)

# --- Shared: networkconnectivity-api --------------------------------------------------

networkconnectivity_api_service = gcp.projects.Service(
    "everything-networkconnectivity-api",
    service="networkconnectivity.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cache-door ---------------------------------------------------------------

cache_door_policy = gcp.networkconnectivity.ServiceConnectionPolicy(
    "everything-cache-door",
    location="us-central1",
    network=network_net.id,
    service_class="gcp-memorystore",
    psc_config={"subnetworks": [network_subnet.id]},
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        retain_on_delete=keep_data,
        depends_on=[networkconnectivity_api_service],
    ),
)

# --- Shared: suffix -------------------------------------------------------------------

suffix_text = random.RandomString(
    "everything-suffix",
    length=6,
    special=False,
    upper=False,
)

# --- Shared: pubsub-api ---------------------------------------------------------------

pubsub_api_service = gcp.projects.Service(
    "everything-pubsub-api",
    service="pubsub.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: pubsub-agent -------------------------------------------------------------

pubsub_agent_identity = gcp.projects.ServiceIdentity(
    "everything-pubsub-agent",
    service="pubsub.googleapis.com",
    project=project,
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[pubsub_api_service]),
)

# --- Shared: sqladmin-api -------------------------------------------------------------

sqladmin_api_service = gcp.projects.Service(
    "everything-sqladmin-api",
    service="sqladmin.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: servicenetworking-api ----------------------------------------------------

servicenetworking_api_service = gcp.projects.Service(
    "everything-servicenetworking-api",
    service="servicenetworking.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: peering ------------------------------------------------------------------

peering_addresses = gcp.compute.GlobalAddress(
    "everything-peering",
    purpose="VPC_PEERING",
    address_type="INTERNAL",
    prefix_length=16,
    network=network_net.id,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        retain_on_delete=keep_data,
        depends_on=[servicenetworking_api_service],
    ),
)

peering_connection = gcp.servicenetworking.Connection(
    "everything-peering",
    network=network_net.id,
    service="servicenetworking.googleapis.com",
    reserved_peering_ranges=[peering_addresses.name],
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        retain_on_delete=keep_data,
        depends_on=[servicenetworking_api_service],
    ),
)

# --- Shared: secretmanager-api --------------------------------------------------------

secretmanager_api_service = gcp.projects.Service(
    "everything-secretmanager-api",
    service="secretmanager.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: iam-api ------------------------------------------------------------------

iam_api_service = gcp.projects.Service(
    "everything-iam-api",
    service="iam.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudresourcemanager-api -------------------------------------------------

cloudresourcemanager_api_service = gcp.projects.Service(
    "everything-cloudresourcemanager-api",
    service="cloudresourcemanager.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: code ---------------------------------------------------------------------

code_bucket = gcp.storage.Bucket(
    "everything-code",
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
    "everything-artifactregistry-api",
    service="artifactregistry.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: images -------------------------------------------------------------------

images_repository = gcp.artifactregistry.Repository(
    "everything-images",
    repository_id=pulumi.Output.concat("everything-images-", suffix_text.result),
    location="us-central1",
    format="DOCKER",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[artifactregistry_api_service],
    ),
)

# --- Shared: builder ------------------------------------------------------------------

builder_account = gcp.serviceaccount.Account(
    "everything-builder",
    account_id=pulumi.Output.concat("everything-builder-", suffix_text.result),
    display_name="Builds functions",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

builder_logs = gcp.projects.IAMMember(
    "everything-builder-logs",
    member=builder_account.member,
    project=project,
    role="roles/logging.logWriter",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

builder_copies = gcp.projects.IAMMember(
    "everything-builder-copies",
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
    "everything-builder-uploads",
    member=builder_account.member,
    bucket=code_bucket.name,
    role="roles/storage.objectViewer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

builder_images = gcp.artifactregistry.RepositoryIamMember(
    "everything-builder-images",
    member=builder_account.member,
    location="us-central1",
    repository=images_repository.name,
    role="roles/artifactregistry.writer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: upload-tasks-05b9e2fb ----------------------------------------------------

# Its name changes when the code does; an object that kept its name would never be built
# again.
upload_tasks_05b9e2fb_object = gcp.storage.BucketObject(
    "everything-upload-tasks-05b9e2fb",
    bucket=code_bucket.name,
    name="tasks-05b9e2fb-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks-05b9e2fb"),
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudfunctions-api -------------------------------------------------------

cloudfunctions_api_service = gcp.projects.Service(
    "everything-cloudfunctions-api",
    service="cloudfunctions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: cloudbuild-api -----------------------------------------------------------

cloudbuild_api_service = gcp.projects.Service(
    "everything-cloudbuild-api",
    service="cloudbuild.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: run-api ------------------------------------------------------------------

run_api_service = gcp.projects.Service(
    "everything-run-api",
    service="run.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: upload-tasks-378b7930 ----------------------------------------------------

# Its name changes when the code does; an object that kept its name would never be built
# again.
upload_tasks_378b7930_object = gcp.storage.BucketObject(
    "everything-upload-tasks-378b7930",
    bucket=code_bucket.name,
    name="tasks-378b7930-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks-378b7930"),
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: image-functions-tasks-378b7930 -------------------------------------------

# Needs the Google Cloud CLI on the machine that deploys, and no Docker.
image_functions_tasks_378b7930_build = command.local.Command(
    "everything-image-functions-tasks-378b7930",
    create='gcloud builds submit . --project "$PROJECT" --region "$REGION" --tag "$IMAGE" --quiet',
    dir="functions/tasks-378b7930",
    environment={
        "PROJECT": project,
        "REGION": "us-central1",
        "IMAGE": pulumi.Output.concat(
            "us-central1-docker.pkg.dev/",
            project,
            "/",
            images_repository.repository_id,
            "/tasks-378b7930:0123456789ab",
        ),
    },
    triggers=["0123456789ab"],
    opts=pulumi.ResourceOptions(
        depends_on=[
            cloudbuild_api_service,
            artifactregistry_api_service,
            images_repository,
        ],
    ),
)

# --- Shared: upload-tasks -------------------------------------------------------------

# Its name changes when the code does; an object that kept its name would never be built
# again.
upload_tasks_object = gcp.storage.BucketObject(
    "everything-upload-tasks",
    bucket=code_bucket.name,
    name="tasks-0123456789ab.zip",
    source=pulumi.FileArchive("functions/tasks"),
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: operation-watcher --------------------------------------------------------

operation_watcher_role = gcp.projects.IAMCustomRole(
    "everything-operation-watcher",
    role_id=pulumi.Output.concat("everything_operation_watcher_", suffix_text.result),
    title="Waits for Cloud Run",
    permissions=["run.operations.get"],
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

# --- Shared: workflows-api ------------------------------------------------------------

workflows_api_service = gcp.projects.Service(
    "everything-workflows-api",
    service="workflows.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Shared: workflowexecutions-api ---------------------------------------------------

workflowexecutions_api_service = gcp.projects.Service(
    "everything-workflowexecutions-api",
    service="workflowexecutions.googleapis.com",
    disable_on_destroy=False,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

# --- Dataset bucket -------------------------------------------------------------------

# bucket: put there by somebody else, read by load.
bucket_bucket = gcp.storage.Bucket(
    "everything-bucket",
    location="US-CENTRAL1",
    storage_class="ARCHIVE",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    lifecycle_rules=[
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
        {"action": {"type": "Delete"}, "condition": {"age": 400}},
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

# --- Dataset entry --------------------------------------------------------------------

# entry: written by warm, read by announce.
entry_instance = gcp.memorystore.Instance(
    "everything-entry",
    instance_id=pulumi.Output.concat("everything-entry-", suffix_text.result),
    location="us-central1",
    node_type="SHARED_CORE_NANO",
    mode="CLUSTER_DISABLED",
    shard_count=1,
    replica_count=0,
    engine_version="VALKEY_8_0",
    persistence_config={"mode": "DISABLED"},
    authorization_mode="IAM_AUTH",
    transit_encryption_mode="SERVER_AUTHENTICATION",
    server_ca_mode="GOOGLE_MANAGED_PER_INSTANCE_CA",
    desired_auto_created_endpoints=[{"network": network_net.id, "project_id": project}],
    deletion_protection_enabled=keep_data,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
        depends_on=[memorystore_api_service, cache_door_policy],
    ),
)

# --- Dataset messages -----------------------------------------------------------------

# messages: written by announce, read by listen.
messages_deadletters = gcp.pubsub.Topic(
    "everything-messages-deadletters",
    message_storage_policy={"allowed_persistence_regions": ["us-central1"]},
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
        depends_on=[pubsub_api_service],
    ),
)

# What is published to a topic without a subscription is gone.
gcp.pubsub.Subscription(
    "everything-messages-unread",
    topic=messages_deadletters.id,
    message_retention_duration="2678400s",
    expiration_policy={"ttl": ""},
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

messages_topic = gcp.pubsub.Topic(
    "everything-messages",
    message_storage_policy={"allowed_persistence_regions": ["us-central1"]},
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
        depends_on=[pubsub_api_service],
    ),
)

messages_subscription = gcp.pubsub.Subscription(
    "everything-messages",
    topic=messages_topic.id,
    ack_deadline_seconds=600,
    message_retention_duration="604800s",
    expiration_policy={"ttl": ""},
    retry_policy={"minimum_backoff": "10s", "maximum_backoff": "600s"},
    dead_letter_policy={
        "dead_letter_topic": messages_deadletters.id,
        "max_delivery_attempts": 5,
    },
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

gcp.pubsub.TopicIAMMember(
    "everything-messages-puts",
    topic=messages_deadletters.name,
    role="roles/pubsub.publisher",
    member=pubsub_agent_identity.member,
    opts=pulumi.ResourceOptions(provider=gcp_provider, retain_on_delete=keep_data),
)

gcp.pubsub.SubscriptionIAMMember(
    "everything-messages-takes",
    subscription=messages_subscription.name,
    role="roles/pubsub.subscriber",
    member=pubsub_agent_identity.member,
    opts=pulumi.ResourceOptions(provider=gcp_provider, retain_on_delete=keep_data),
)

# --- Dataset table --------------------------------------------------------------------

# table: written by load, read by announce, warm.
table_instance = gcp.sql.DatabaseInstance(
    "everything-table",
    region="us-central1",
    database_version="POSTGRES_17",
    deletion_protection=keep_data,
    settings={
        "edition": "ENTERPRISE",
        "tier": "db-g1-small",
        "availability_type": "ZONAL",
        "disk_size": 20,
        "disk_type": "PD_SSD",
        "disk_autoresize": True,
        "deletion_protection_enabled": keep_data,
        "user_labels": {"glacier-pipeline": "everything"},
        "backup_configuration": {
            "enabled": True,
            "backup_retention_settings": {"retained_backups": 7},
            "point_in_time_recovery_enabled": True,
        },
        "ip_configuration": {
            "ipv4_enabled": False,
            "private_network": network_net.id,
            "ssl_mode": "ENCRYPTED_ONLY",
            "server_ca_mode": "GOOGLE_MANAGED_INTERNAL_CA",
        },
    },
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
        depends_on=[sqladmin_api_service, peering_connection],
    ),
)

gcp.sql.Database(
    "everything-table-database",
    instance=table_instance.name,
    deletion_policy="ABANDON",
    name="glacier",
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        protect=keep_data,
        retain_on_delete=keep_data,
    ),
)

table_password = random.RandomPassword(
    "everything-table-password",
    length=32,
    special=False,
    opts=pulumi.ResourceOptions(retain_on_delete=keep_data),
)

table_user = gcp.sql.User(
    "everything-table-user",
    instance=table_instance.name,
    deletion_policy="ABANDON",
    name="glacier",
    password=table_password.result,
    opts=pulumi.ResourceOptions(provider=gcp_provider, retain_on_delete=keep_data),
)

table_secret = gcp.secretmanager.Secret(
    "everything-table-secret",
    secret_id=pulumi.Output.concat("everything-table-", suffix_text.result),
    replication={"auto": {}},
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        retain_on_delete=keep_data,
        depends_on=[secretmanager_api_service],
    ),
)

gcp.secretmanager.SecretVersion(
    "everything-table-version",
    secret=table_secret.id,
    secret_data=pulumi.Output.json_dumps(
        {"username": table_user.name, "password": table_password.result},
    ),
    opts=pulumi.ResourceOptions(provider=gcp_provider, retain_on_delete=keep_data),
)

# --- Task load ------------------------------------------------------------------------

# load reads bucket and writes table.
load_account = gcp.serviceaccount.Account(
    "everything-load",
    account_id=pulumi.Output.concat("everything-load-", suffix_text.result),
    display_name="Task load",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.storage.BucketIAMMember(
    "everything-load-reads-bucket",
    bucket=bucket_bucket.name,
    role="roles/storage.objectViewer",
    member=load_account.member,
    condition={
        "title": "reads bucket",
        "expression": pulumi.Output.concat(
            'resource.name.startsWith("projects/_/buckets/',
            bucket_bucket.name,
            '/objects/bucket/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("bucket/")',
        ),
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

gcp.secretmanager.SecretIamMember(
    "everything-load-writes-table",
    secret_id=table_secret.id,
    role="roles/secretmanager.secretAccessor",
    member=load_account.member,
    condition={
        "title": "writes table",
        "expression": 'resource.name.extract("/secrets/{name}/versions/") != ""',
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

load_function = gcp.cloudfunctionsv2.Function(
    "everything-load",
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
                "object": upload_tasks_05b9e2fb_object.name,
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
        "service_account_email": load_account.email,
        "environment_variables": {
            "MODE": "fast",
            "GLACIER_TASK": "load",
            "GLACIER_STORE_BUCKET": pulumi.Output.concat(
                "gs://",
                bucket_bucket.name,
                "/",
            ),
            "GLACIER_STORE_TABLE": pulumi.Output.concat(
                "postgres://",
                table_instance.private_ip_address,
                ":5432/glacier?sslmode=verify-ca&gcp_secret=",
                table_secret.id,
            ),
            "GLACIER_AUTHORITY_TABLE": table_instance.server_ca_certs[0].cert,
        },
        "direct_vpc_network_interfaces": [
            {"network": network_net.id, "subnetwork": network_subnet.id},
        ],
        "direct_vpc_egress": "VPC_EGRESS_PRIVATE_RANGES_ONLY",
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

# --- Task warm ------------------------------------------------------------------------

# warm reads table and writes entry.
warm_account = gcp.serviceaccount.Account(
    "everything-warm",
    account_id=pulumi.Output.concat("everything-warm-", suffix_text.result),
    display_name="Task warm",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.secretmanager.SecretIamMember(
    "everything-warm-reads-table",
    secret_id=table_secret.id,
    role="roles/secretmanager.secretAccessor",
    member=warm_account.member,
    condition={
        "title": "reads table",
        "expression": 'resource.name.extract("/secrets/{name}/versions/") != ""',
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

gcp.projects.IAMMember(
    "everything-warm-writes-entry",
    project=project,
    role="roles/memorystore.dbConnectionUser",
    member=warm_account.member,
    condition={
        "title": "writes entry",
        "expression": pulumi.Output.concat(
            'resource.name.endsWith("/locations/',
            entry_instance.location,
            "/instances/",
            entry_instance.instance_id,
            '")',
        ),
    },
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

warm_function = gcp.cloudfunctionsv2.Function(
    "everything-warm",
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
                "object": upload_tasks_378b7930_object.name,
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
        "service_account_email": warm_account.email,
        "environment_variables": {
            "GLACIER_TASK": "warm",
            "GLACIER_STORE_ENTRY": pulumi.Output.concat(
                "valkeys://",
                entry_instance.endpoints[0]
                .connections[0]
                .psc_auto_connection.ip_address,
                ":6379/?iam=gcp&sslmode=verify-ca",
            ),
            "GLACIER_AUTHORITY_ENTRY": pulumi.Output.json_dumps(
                entry_instance.managed_server_cas,
            ),
            "GLACIER_STORE_TABLE": pulumi.Output.concat(
                "postgres://",
                table_instance.private_ip_address,
                ":5432/glacier?sslmode=verify-ca&gcp_secret=",
                table_secret.id,
            ),
            "GLACIER_AUTHORITY_TABLE": table_instance.server_ca_certs[0].cert,
        },
        "direct_vpc_network_interfaces": [
            {"network": network_net.id, "subnetwork": network_subnet.id},
        ],
        "direct_vpc_egress": "VPC_EGRESS_PRIVATE_RANGES_ONLY",
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

# --- Task announce --------------------------------------------------------------------

# announce reads entry, table and writes messages.
announce_account = gcp.serviceaccount.Account(
    "everything-announce",
    account_id=pulumi.Output.concat("everything-announce-", suffix_text.result),
    display_name="Task announce",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.projects.IAMMember(
    "everything-announce-reads-entry",
    project=project,
    role="roles/memorystore.dbConnectionUser",
    member=announce_account.member,
    condition={
        "title": "reads entry",
        "expression": pulumi.Output.concat(
            'resource.name.endsWith("/locations/',
            entry_instance.location,
            "/instances/",
            entry_instance.instance_id,
            '")',
        ),
    },
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

gcp.secretmanager.SecretIamMember(
    "everything-announce-reads-table",
    secret_id=table_secret.id,
    role="roles/secretmanager.secretAccessor",
    member=announce_account.member,
    condition={
        "title": "reads table",
        "expression": 'resource.name.extract("/secrets/{name}/versions/") != ""',
    },
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

gcp.pubsub.TopicIAMMember(
    "everything-announce-writes-messages",
    topic=messages_topic.name,
    role="roles/pubsub.publisher",
    member=announce_account.member,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

announce_job = gcp.cloudrunv2.Job(
    "everything-announce",
    location="us-central1",
    template={
        "template": {
            "containers": [
                {
                    "image": pulumi.Output.concat(
                        "us-central1-docker.pkg.dev/",
                        project,
                        "/",
                        images_repository.repository_id,
                        "/tasks-378b7930:0123456789ab",
                    ),
                    "commands": ["python", "-m", "glacier.runtime"],
                    "envs": [
                        {"name": "GLACIER_TASK", "value": "announce"},
                        {
                            "name": "GLACIER_STORE_ENTRY",
                            "value": pulumi.Output.concat(
                                "valkeys://",
                                entry_instance.endpoints[0]
                                .connections[0]
                                .psc_auto_connection.ip_address,
                                ":6379/?iam=gcp&sslmode=verify-ca",
                            ),
                        },
                        {
                            "name": "GLACIER_AUTHORITY_ENTRY",
                            "value": pulumi.Output.json_dumps(
                                entry_instance.managed_server_cas,
                            ),
                        },
                        {
                            "name": "GLACIER_STORE_MESSAGES",
                            "value": pulumi.Output.concat(
                                "pubsub://",
                                messages_topic.id,
                                "?subscription=",
                                messages_subscription.id,
                            ),
                        },
                        {
                            "name": "GLACIER_STORE_TABLE",
                            "value": pulumi.Output.concat(
                                "postgres://",
                                table_instance.private_ip_address,
                                ":5432/glacier?sslmode=verify-ca&gcp_secret=",
                                table_secret.id,
                            ),
                        },
                        {
                            "name": "GLACIER_AUTHORITY_TABLE",
                            "value": table_instance.server_ca_certs[0].cert,
                        },
                    ],
                    "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                },
            ],
            "max_retries": 0,
            "service_account": announce_account.email,
            "timeout": "3600s",
            "vpc_access": {
                "network_interfaces": [
                    {"network": network_net.id, "subnetwork": network_subnet.id},
                ],
                "egress": "PRIVATE_RANGES_ONLY",
            },
        },
    },
    deletion_protection=False,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[run_api_service, image_functions_tasks_378b7930_build],
    ),
)

# --- Task listen ----------------------------------------------------------------------

# listen reads messages.
listen_account = gcp.serviceaccount.Account(
    "everything-listen",
    account_id=pulumi.Output.concat("everything-listen-", suffix_text.result),
    display_name="Task listen",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

gcp.pubsub.SubscriptionIAMMember(
    "everything-listen-reads-messages",
    subscription=messages_subscription.name,
    role="roles/pubsub.subscriber",
    member=listen_account.member,
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

listen_function = gcp.cloudfunctionsv2.Function(
    "everything-listen",
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
        "service_account_email": listen_account.email,
        "environment_variables": {
            "GLACIER_TASK": "listen",
            "GLACIER_STORE_MESSAGES": pulumi.Output.concat(
                "pubsub://",
                messages_topic.id,
                "?subscription=",
                messages_subscription.id,
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
    "everything-workflow",
    account_id=pulumi.Output.concat("everything-workflow-", suffix_text.result),
    display_name="Runs the tasks in order",
    opts=pulumi.ResourceOptions(provider=gcp_provider, depends_on=[iam_api_service]),
)

workflow_calls_load = gcp.cloudrunv2.ServiceIamMember(
    "everything-workflow-calls-load",
    location="us-central1",
    member=workflow_account.member,
    name=load_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

workflow_calls_warm = gcp.cloudrunv2.ServiceIamMember(
    "everything-workflow-calls-warm",
    location="us-central1",
    member=workflow_account.member,
    name=warm_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

workflow_starts_announce = gcp.cloudrunv2.JobIamMember(
    "everything-workflow-starts-announce",
    location="us-central1",
    member=workflow_account.member,
    name=announce_job.name,
    role="roles/run.jobsExecutorWithOverrides",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

workflow_watches_announce = gcp.cloudrunv2.JobIamMember(
    "everything-workflow-watches-announce",
    location="us-central1",
    member=workflow_account.member,
    name=announce_job.name,
    role="roles/run.viewer",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

workflow_calls_listen = gcp.cloudrunv2.ServiceIamMember(
    "everything-workflow-calls-listen",
    location="us-central1",
    member=workflow_account.member,
    name=listen_function.name,
    role="roles/run.invoker",
    opts=pulumi.ResourceOptions(provider=gcp_provider),
)

workflow_waits = gcp.projects.IAMMember(
    "everything-workflow-waits",
    project=project,
    role=operation_watcher_role.name,
    member=workflow_account.member,
    opts=pulumi.ResourceOptions(
        provider=gcp_provider,
        depends_on=[cloudresourcemanager_api_service],
    ),
)

# Start a run: gcloud workflows run "$(pulumi stack output workflow)"
workflow_workflow = gcp.workflows.Workflow(
    "everything-workflow",
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
                                    "task": "load",
                                    "url": load_function.service_config.uri,
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
                                    "task": "warm",
                                    "url": warm_function.service_config.uri,
                                    "seconds": 60,
                                    "retries": 0,
                                },
                                "run": "${run}",
                            },
                        },
                    },
                    {
                        "stage_3": {
                            "call": "run_task",
                            "args": {
                                "task": {
                                    "task": "announce",
                                    "job": announce_job.id,
                                    "seconds": 4200,
                                    "retries": 0,
                                },
                                "run": "${run}",
                            },
                        },
                    },
                    {
                        "stage_4": {
                            "call": "run_task",
                            "args": {
                                "task": {
                                    "task": "listen",
                                    "url": listen_function.service_config.uri,
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
            workflow_calls_load,
            workflow_calls_warm,
            workflow_starts_announce,
            workflow_watches_announce,
            workflow_calls_listen,
            workflow_waits,
        ],
    ),
)

# --- Outputs --------------------------------------------------------------------------

pulumi.export("storage_bucket", pulumi.Output.concat("gs://", bucket_bucket.name, "/"))
pulumi.export(
    "storage_entry",
    pulumi.Output.concat(
        "valkeys://",
        entry_instance.endpoints[0].connections[0].psc_auto_connection.ip_address,
        ":6379/?iam=gcp&sslmode=verify-ca",
    ),
)
pulumi.export(
    "storage_messages",
    pulumi.Output.concat(
        "pubsub://",
        messages_topic.id,
        "?subscription=",
        messages_subscription.id,
    ),
)
pulumi.export(
    "storage_table",
    pulumi.Output.concat(
        "postgres://",
        table_instance.private_ip_address,
        ":5432/glacier?sslmode=verify-ca&gcp_secret=",
        table_secret.id,
    ),
)
pulumi.export("workflow", workflow_workflow.id)
