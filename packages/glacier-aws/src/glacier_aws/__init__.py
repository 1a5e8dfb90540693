"""AWS."""


class AWSCompiler: ...
