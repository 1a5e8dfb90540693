"""Azure."""


class AzureCompiler: ...
