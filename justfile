# The only door: `./just RECIPE` on a fresh machine, `just RECIPE` where just and uv are installed.

set positional-arguments

export UV_LINK_MODE := "copy"
run := "uv run --frozen --all-groups"

# What there is
default:
    @just --list --unsorted

# Everything installed, as locked
setup:
    uv sync --frozen --all-groups --quiet

# The main job: compile an example to one cloud and another to three, and run it here
demo: setup
    {{run}} python tools/demo.py

# Everything that must hold: style, types, floors, all tests, and the quick ones once more on a newer Python
test *arguments: check
    {{run}} pytest "$@"
    test $# -gt 0 || just newer

# The quick loop on the Python that functions are deployed on, which this machine need not have
newer *arguments:
    python=$({{run}} python tools/servers python) && \
        UV_PROJECT_ENVIRONMENT=.tools/newer UV_PYTHON="$python" {{run}} pytest -m "not slow" "$@"

# Install the emulators now, of which tests install each that they need
servers: setup
    {{run}} python tools/servers

# The quick loop: tests that need no cloud SDK
quick *arguments:
    {{run}} pytest -m "not slow" "$@"

# Style, types and the dependency rule
check: setup
    {{run}} ruff format --check .
    {{run}} ruff check .
    {{run}} mypy
    {{run}} lint-imports

# Put style right
fix:
    {{run}} ruff format .
    {{run}} ruff check --fix .

# Rewrite the golden trees; the difference is the review
golden:
    {{run}} pytest tests/test_golden.py --update-golden

# Measure, and write docs/benchmarks.md
bench *arguments: setup
    {{run}} python benchmarks/run.py "$@"

# Regenerate what the documentation quotes from the program itself
docs:
    {{run}} python tools/docs.py
