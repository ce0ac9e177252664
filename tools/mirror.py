"""Every source file has its test file, and every test file its source: knowing one path means knowing the other.

    source                         its test                           or
    bot/people/rules.py            tests/people/test_rules.py         a folder: tests/people/rules/test_*.py
    bot/people/rules/quorum.py     tests/people/rules/test_quorum.py  one for the folder: tests/people/test_rules.py
    bot/people/__init__.py         tests/people/test_init.py          none, if it holds only words and imports
    bot/__main__.py                tests/test_main.py

Tests of whole situations (`stories/`, `browser/`), of a whole folder in a browser (`test_in_chromium.py`), what tests
stand on (`support/`) and the few files in `ACROSS` have no single source. Tables without functions (`models.py`) and
files without a function or class need no test; migrations are tested together, by the test of what runs them.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

WHOLE_SITUATIONS = ("stories", "browser", "support")
IN_A_BROWSER = "test_in_chromium.py"
ACROSS = {
    "test_architecture.py": "the rules that the tools of `make check` enforce",
    "test_conftest.py": "that a left-out test cannot pass unnoticed",
    "test_documents.py": "that README, docs and the Slack manifest say what the program does",
    "test_wiring.py": "that whatever is wanted by name has somebody who answers",
}
OUTSIDE = ("tools", "benchmarks")
"""What stands beside `bot/`, and is tested when it holds anything worth it."""
MIGRATIONS = Path("bot/foundation/migrations/versions")
ROLES_START_AT = 2
"""`bot/people/rules/` stands for `bot/people/rules.py`; `bot/people/` stands for no file."""


def problems(root: Path) -> list[str]:
    """Say which source files under a repository's root lack their test, and which tests lack their source."""
    return [*_untested(root), *_orphans(root)]


def needs_test(path: Path) -> bool:
    """Say whether a source file holds anything that a test could run."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    wanted = functions if path.name == "models.py" else (*functions, ast.ClassDef)
    return any(isinstance(node, wanted) for node in ast.walk(tree))


def homes(source: Path) -> list[Path]:
    """Return where the test of a source file may stand, the usual place first; all relative to the root."""
    inside = source.relative_to("bot")
    usual = Path("tests", inside.parent, f"test_{inside.stem.strip('_')}.py")
    return [usual, *(Path("tests", folder.parent, f"test_{folder.name}.py") for folder in _folder_of_role(inside))]


def sources(test: Path) -> list[Path]:
    """Return the files or folders of which one must exist for a test file to have a source."""
    inside = test.relative_to("tests")
    root = Path() if inside.parts[0] in OUTSIDE else Path("bot")
    name, place = inside.stem.removeprefix("test_"), root / inside.parent
    found = [place / f"{name}.py", place / f"__{name}__.py"]
    if len((inside.parent / name).parts) >= ROLES_START_AT:
        found.append(place / name)
    if len(inside.parent.parts) >= ROLES_START_AT:
        found.append(place.with_suffix(".py"))
    return found


def _untested(root: Path) -> Iterator[str]:
    for path in sorted((root / "bot").rglob("*.py")):
        source = path.relative_to(root)
        if source.is_relative_to(MIGRATIONS) or not needs_test(path):
            continue
        places = homes(source)
        folder = root / places[0].with_name(source.stem)
        if not any((root / place).is_file() for place in places) and not list(folder.glob("test_*.py")):
            yield f"{source} has no test: write {' or '.join(str(place) for place in places)}"


def _orphans(root: Path) -> Iterator[str]:
    for path in sorted((root / "tests").rglob("test_*.py")):
        test = path.relative_to(root)
        inside = test.relative_to("tests")
        if inside.parts[0] in WHOLE_SITUATIONS or inside.name == IN_A_BROWSER or str(inside) in ACROSS:
            continue
        wanted = sources(test)
        if not any((root / source).exists() for source in wanted):
            yield f"{test} tests nothing: there is no {wanted[0]} (a situation belongs in tests/stories/)"


def _folder_of_role(inside: Path) -> list[Path]:
    """Return the folder that stands for a file which grew too long, if this source lies in one."""
    folders = inside.parts[:-1]
    capability = 2 if folders[:1] == ("learning",) else 1
    return [Path(*folders[: capability + 1])] if len(folders) > capability else []


def main() -> int:
    """Print each problem; exit status 1 if there is one."""
    found = problems(Path.cwd())
    for problem in found:
        print(problem)
    if found:
        print(f"{len(found)} files without their mirror; tools/mirror.py says how names correspond")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
