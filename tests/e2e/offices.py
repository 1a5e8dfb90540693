"""Where the tasks of a pipeline over three clouds show who they are, pinned by what the generated trust program says.

An office is the cloud that a task runs on, which says who it is in a signed token, and the cloud that it visits, which
believes that or not: ``hosts.Clouds``, with real keys and every check. What stands here is the pins, the tokens for a
task's own storage, and the way on to emulators.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from e2e.fronts import Tokens
from e2e.rehearsed import Rehearsed, Resource
from hosts import AWS, ENTRA, EXCHANGE, Answer, Clouds
from issuers import Request

STORAGE = "https://storage.azure.com"


class Office(Clouds):
    """One task's; ``tokens`` are those for each cloud's storage, ``behind`` is the emulator of AWS's token service."""

    def __init__(self, home: str, host: str, tokens: Mapping[str, Tokens], behind: str) -> None:
        super().__init__(home, host)
        self._tokens, self._behind = tokens, behind
        self.client_id = ""  # of the identity that a task on Azure runs as

    def managed(self, request: Request) -> Answer:
        """Azure's identities: for the application that shows who a task is elsewhere, and for storage at home."""
        query = dict(parse_qsl(urlsplit(request.url).query))
        if query.get("client_id") != self.client_id:
            return 400, json.dumps({"error": "invalid_request", "error_description": "no such identity"})
        if query["resource"] != STORAGE:
            return super().managed(request._replace(url=f"/msi?{urlencode({**query, 'client_id': 'me'})}"))
        if request.headers.get("x-identity-header") != "h-e-a-d-e-r":
            return 401, "{}"
        token = self._tokens["azure"].give(3600)
        return 200, json.dumps({"access_token": token, "expires_on": "3600", "expires_in": "3600"})

    def assume(self, form: Mapping[str, str]) -> Answer:
        """AWS: what is believed here goes on to the emulator, which asks the role whether it believes it, too."""
        status, said = super().assume(form)
        if status != 200:
            return status, said
        request = urllib.request.Request(self._behind, urlencode(form).encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def answer(self, request: Request) -> Answer:
        """Google's metadata server also gives the tokens for a task's own storage."""
        path = urlsplit(request.url).path
        if self.home == "gcp" and path.endswith("/service-accounts/default/token"):
            if request.headers.get("metadata-flavor") != "Google":
                return 403, "Missing header"
            token = self._tokens["gcp"].give(3600)
            return 200, json.dumps({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})
        return super().answer(request)

    def storage(self, request: Request) -> Answer:
        """There is none here."""
        return 404, f"nothing is at {urlsplit(request.url).path}"

    def _bearer(self, **more: str) -> str:
        made = super()._bearer(**more)
        assert self.bearer is not None
        self._tokens[self.host].give(self.life, self.bearer)
        return made


def google_on_aws(office: Office, program: Rehearsed, task: str, account: str) -> None:
    """A role that believes one service account: the one that the task's function runs as."""
    function = _function(program, "gcp:cloudfunctionsv2/function:Function", task)
    who = _one(program, "gcp:serviceaccount/account:Account", "email", _email(function))
    (role,) = [each for each in program.of("aws:iam/role:Role") if "Federated" in each.inputs["assume_role_policy"]]
    (statement,) = json.loads(role.inputs["assume_role_policy"])["Statement"]
    assert statement["Principal"] == {"Federated": "accounts.google.com"}
    conditions = statement["Condition"]["StringEquals"]
    assert set(conditions) == {"accounts.google.com:oaud", "accounts.google.com:sub"}
    trust = office.trust
    trust.role_arn = f"arn:aws:iam::{account}:role/{role.name}"
    trust.audience, trust.unique_id = conditions["accounts.google.com:oaud"], conditions["accounts.google.com:sub"]
    assert who.outputs["unique_id"] == trust.unique_id


def azure_on_google(office: Office, program: Rehearsed, task: str) -> None:
    """A provider that believes one identity of one tenant: the one that the task's function runs as."""
    office.client_id = program.environments()[task]["AZURE_CLIENT_ID"]
    who = _one(program, "azure-native:managedidentity:UserAssignedIdentity", "client_id", office.client_id)
    (pool,) = program.of("gcp:iam/workloadIdentityPool:WorkloadIdentityPool")
    (provider,) = program.of("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider")
    assert provider.inputs["oidc"]["issuer_uri"] == ENTRA.url
    trust = office.trust
    trust.provider = (
        f"//iam.googleapis.com/{pool.name}/providers/{provider.inputs['workload_identity_pool_provider_id']}"
    )
    (trust.application,) = provider.inputs["oidc"]["allowed_audiences"]
    condition = re.fullmatch(r"assertion\.tid == '(.+)' && assertion\.sub == '(.+)'", _condition(provider))
    assert condition is not None
    tenant, trust.principal = condition.groups()
    assert (tenant, trust.principal) == (who.outputs["tenant_id"], who.outputs["principal_id"])


def aws_on_azure(office: Office, program: Rehearsed, task: str) -> None:
    """An identity that believes one role: the one that the task's function has."""
    function = _function(program, "aws:lambda/function:Function", task)
    (credential,) = program.of("azure-native:managedidentity:FederatedIdentityCredential")
    assert (credential.inputs["issuer"], credential.inputs["audiences"]) == (AWS.url, [EXCHANGE])
    assert credential.inputs["subject"] == function.inputs["role"]
    _, _, _, _, office.trust.account, name = credential.inputs["subject"].split(":")
    office.trust.role = name.removeprefix("role/")
    becoming = credential.inputs["resource_name"]
    who = _one(program, "azure-native:managedidentity:UserAssignedIdentity", "name", becoming)
    office.trust.client = who.outputs["client_id"]


def _function(program: Rehearsed, kind: str, task: str) -> Resource:
    (found,) = [each for each in program.of(kind) if f'"GLACIER_TASK": "{task}"' in json.dumps(each.inputs)]
    return found


def _one(program: Rehearsed, kind: str, name: str, value: str) -> Resource:
    (found,) = [each for each in program.of(kind) if each.outputs[name] == value]
    return found


def _email(function: Resource) -> Any:
    return function.inputs["service_config"]["service_account_email"]


def _condition(provider: Resource) -> Any:
    return provider.inputs["attribute_condition"]
