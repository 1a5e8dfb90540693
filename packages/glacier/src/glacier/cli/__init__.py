"""The command ``glacier``."""

try:
    from glacier.cli.app import main
except ModuleNotFoundError as missing:
    if missing.name != "click":
        raise

    def main() -> None:
        """Say what to install: the command needs packages that the library does not."""
        raise SystemExit("glacier: the command line needs more packages: pip install 'glacier-pipelines[cli]'")


__all__ = ["main"]
