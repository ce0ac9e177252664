"""House rules that neither ruff nor import-linter can say.

Each rule in `RULES` has a name, a reason and a check of its own, and each has an escape: a comment that names the rule
and says why, on the line itself (or, for a rule about a whole file, on any line of it):

    library = read_library(directory)  # house: verb - read at start, before there is a store

`python -m tools.house` prints `file:line: what (rule: reason)` for each breach and exits with 1 if there is one.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CAPABILITIES = ("alerts", "rollback", "incidents", "approvals", "escalation", "comms", "people", "learning")
ROLES = ("__init__", "models", "rules", "service", "views", "slack", "web", "worker")
ALSO = {"web": "pages", "rollback": "targets", "comms": "routes"}
MAY_WAIT = ("web", "worker", "targets", "routes")
LINES_OF_A_FILE = 400
LINES_OF_A_HANDLER = 30
VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
REHEARSAL = {"demo", "testing", "pytest", "unittest"}
STARTERS = (Path("bot/__main__.py"), Path("bot/demo.py"), Path("bot/workspace"))
MIGRATIONS = Path("bot/foundation/migrations/versions")
# Written so that this file does not contain what it looks for.
PLACES = re.compile(r"(?<![\w.])/(?:wor[k]|roo[t]|hom[e]/\w+|User[s]/\w+|opt/pyp[i])/|pyp[i]\.org|pythonhoste[d]")
UNFINISHED = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b")
ESCAPE = re.compile(r"#\s*house:\s*(?P<rule>[a-z-]+)\s+-\s+\S")

Finding = tuple[int, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One tracked text file, its path relative to the repository's root."""

    path: Path
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The file's lines."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text, str(self.path))

    @property
    def is_product(self) -> bool:
        """Say whether this is Python that ships."""
        return self.path.suffix == ".py" and self.path.parts[0] == "bot"

    @property
    def role(self) -> str:
        """The file name (without `.py`) or folder by which a capability calls this part; '' outside capabilities."""
        inside = self._inside_capability
        return Path(inside[0]).stem if inside else ""

    @property
    def _inside_capability(self) -> tuple[str, ...]:
        parts = self.path.parts
        if len(parts) < 3 or parts[0] != "bot" or parts[1] not in CAPABILITIES:
            return ()
        is_nested = parts[1] == "learning" and len(parts) > 3
        return parts[3:] if is_nested else parts[2:]

    def calls(self) -> Iterator[ast.Call]:
        """Every call in the file."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def functions(self) -> Iterator[Function]:
        """Every function in the file, methods and inner ones, too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@dataclass(frozen=True)
class Rule:
    """A rule: what it is called, why it is there, and how to find breaches."""

    name: str
    reason: str
    check: Callable[[Source], Iterator[Finding]]
    of_files: bool = False
    """Whether a breach is the whole file's, so that its escape may stand on any line."""


def commits(source: Source) -> Iterator[Finding]:
    """Transactions are ended by the store, on behalf of a door."""
    if not source.is_product or source.path.parts[1] == "foundation":
        return
    for call in source.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "rollback", "begin", "begin_nested"):
            yield call.lineno, f"`.{call.func.attr}(` below a door; a part that may fail alone is work.savepoint()"


def coroutines(source: Source) -> Iterator[Finding]:
    """The core is synchronous: only machine doors, workers, targets and routes wait."""
    if not source.is_product or source.role in ("", *MAY_WAIT):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield (
                node.lineno,
                f"a coroutine in {source.role}; waiting belongs in worker.py, web.py, targets/ or routes/",
            )


def verbs(source: Source) -> Iterator[Finding]:
    """A service's functions say with their first argument whether they change something or only look."""
    if not source.is_product or source.role != "service":
        return
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            if names[:1] not in (["work"], ["reading"]):
                yield node.lineno, f"`{node.name}` takes neither `work` nor `reading` first"


def long_handlers(source: Source) -> Iterator[Finding]:
    """A door translates; what decides belongs in service.py, what shows in views.py."""
    if not source.is_product or source.role != "slack":
        return
    for node in source.functions():
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > LINES_OF_A_HANDLER:
            yield node.lineno, f"`{node.name}` has {length} lines, at most {LINES_OF_A_HANDLER} are allowed"


def long_files(source: Source) -> Iterator[Finding]:
    """A file past about 400 lines becomes a folder of the same name."""
    if source.path.suffix != ".py" or source.path.is_relative_to(MIGRATIONS):  # a migration is one step, not many
        return
    if len(source.lines) > LINES_OF_A_FILE:
        yield 1, f"{len(source.lines)} lines, at most {LINES_OF_A_FILE} are allowed; make it a folder"


def file_names(source: Source) -> Iterator[Finding]:
    """Knowing one capability means knowing all."""
    if not source.is_product or not source.role:
        return
    if source.role not in ROLES and source.role not in (ALSO["web"], ALSO.get(source.path.parts[1])):
        yield 1, f"a capability has no `{source.role}`; its files are {', '.join(ROLES[1:])}"


def vague_names(source: Source) -> Iterator[Finding]:
    """Such a name says nothing about what belongs there, so everything ends up there."""
    if source.path.suffix != ".py":
        return
    for part in source.path.with_suffix("").parts:
        if part in VAGUE:
            yield 1, f"nothing may be called `{part}`"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_") and _words(node.name) & VAGUE:
            yield node.lineno, f"`{node.name}` does not say what it is"


def rehearsal_branches(source: Source) -> Iterator[Finding]:
    """What is rehearsed must be what runs: the workspace is reached over SLACK_API_URL, like the real Slack."""
    if not source.is_product or any(source.path.is_relative_to(starter) for starter in STARTERS):
        return
    for node in ast.walk(source.tree):
        for condition in _conditions(node):
            for named in _rehearsals(condition):
                yield condition.lineno, f"the product decides by `{named}`"


def unfinished(source: Source) -> Iterator[Finding]:
    """What is not there yet is said to users in README.md, or is work for today."""
    for number, line in enumerate(source.lines, 1):
        if source.path.suffix != ".md" and (match := UNFINISHED.search(line)):
            yield number, f"says `{match.group()}`"


def places(source: Source) -> Iterator[Finding]:
    """A path of one machine, or the address of one package index, is wrong everywhere else."""
    for number, line in enumerate(source.lines, 1):
        if match := PLACES.search(line):
            yield number, f"names `{match.group()}`"


RULES = (
    Rule("commit", "only a door commits: state, trail and outbox together or not at all", commits),
    Rule("coroutine", "no business logic is a coroutine: it runs in a Work, off the event loop", coroutines),
    Rule("verb", "the first argument says whether a function changes something", verbs),
    Rule("handler", "a long handler is leaking logic", long_handlers),
    Rule("length", "a reader can hold 400 lines", long_files, of_files=True),
    Rule("file-name", "knowing one capability means knowing all", file_names, of_files=True),
    Rule("vague", "a vague name attracts everything", vague_names),
    Rule("branch", "no branch in the product for tests or demos", rehearsal_branches),
    Rule("todo", "what is missing is said to users in README.md, not to ourselves", unfinished),
    Rule("place", "it would be wrong on every other machine", places),
)


def findings(root: Path) -> list[str]:
    """Check every file of a repository; returns `file:line: what (rule: reason)` in the order of files."""
    return [line for source in sources(root) for rule in RULES for line in breaches(rule, source)]


def breaches(rule: Rule, source: Source) -> Iterator[str]:
    """Say where a file breaks a rule without an escape."""
    for line, what in rule.check(source):
        where = source.lines if rule.of_files else source.lines[line - 1 : line]
        if not any(_escapes(rule, text) for text in where):
            yield f"{source.path}:{line}: {what} ({rule.name}: {rule.reason})"


def sources(root: Path) -> Iterator[Source]:
    """Read every text file that git tracks or would track; without git, every file that is not hidden."""
    for path in _paths(root):
        if not (root / path).is_file():
            continue
        try:
            yield Source(path, (root / path).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue


def _paths(root: Path) -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (root / ".git").exists():
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
        return sorted({Path(name) for name in listed.stdout.split("\0") if name})
    found = (path.relative_to(root) for path in root.rglob("*"))
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


def _escapes(rule: Rule, line: str) -> bool:
    return any(match["rule"] == rule.name for match in ESCAPE.finditer(line))


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def _conditions(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.Assert(test=test):
            return [test]
        case ast.comprehension(ifs=tests):
            return tests
        case ast.match_case(guard=ast.expr() as guard):
            return [guard]
        case ast.BoolOp(values=values):
            return values
        case _:
            return []


def _rehearsals(condition: ast.expr) -> Iterator[str]:
    for node in ast.walk(condition):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str() as name):
                if _words(name) & REHEARSAL:
                    yield name
            case _:
                continue


def main() -> int:
    """Print each breach; exit status 1 if there is one."""
    found = findings(Path.cwd())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
