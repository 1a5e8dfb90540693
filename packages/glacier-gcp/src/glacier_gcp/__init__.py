"""Google."""


class GCPCompiler: ...
