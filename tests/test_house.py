"""The house rules, read from the source with `ast` alone: floors, venues, sizes, names, tests.

Each rule is a function from a tree of files to complaints. It is asked about the real tree, and
about small made-up trees that it must catch or let pass. A bound that hurts the code is changed
here, in a commit of its own, with the reason.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
FLOORS = {"domain": 0, "engine": 1, "exchanges": 2, "sim": 3, "net": 3, "store": 3, "monitoring": 3}
TOP = 4
WORLD = {"time", "random", "os", "asyncio", "logging"}  # what floors 0 and 1 know nothing of
MAY_USE = {0: {"msgspec"}, 1: {"msgspec", "numba"}}
EMPTY_NAME = re.compile(r"(^|_)(manager|helper|util|utilitie|utility|common|misc|base_impl)s?(_|$)")
ORDER_FREE = {"sorted", "set", "frozenset", "any", "all", "min", "max", "len"}
# Who may import by text, past the eyes of the rules on floors, and why.
IMPORTS_BY_TEXT = {
    "arbitrage/__init__.py": "the public names load on first use",
    "arbitrage/exchanges/registry.py": "a venue loads when it is asked for",
}
# Who may catch everything, and why; it must fail closed.
CATCHES_ALL = {
    "arbitrage/carrier.py": "what a user's exchange raises leaves a book unseen, an order in doubt",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Files = dict[str, str]


class Import(NamedTuple):
    name: str  # dotted and absolute, of a module or of a name in one
    line: int
    is_at_load: bool  # neither inside a function nor for type checkers alone


class Module:
    """One file of the package or of its tests."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source
        self.tree = ast.parse(source, path)
        self.name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.folders = path.split("/")[:-1]
        folder, *rest = *self.folders[1:], ""
        self.venue = rest[0] if folder == "exchanges" else ""
        self.floor = 3 if self.venue else FLOORS.get(folder, TOP)
        self.imports = list(self._imports(self.tree, is_at_load=True))

    def _imports(self, node: ast.AST, *, is_at_load: bool) -> Iterator[Import]:
        match node:
            case ast.Import(names):
                yield from (Import(alias.name, node.lineno, is_at_load) for alias in names)
            case ast.ImportFrom(module, names, level):
                above = self.folders[: len(self.folders) + 1 - level] if level else []
                base = ".".join([*above, *filter(None, [module])])
                yield from (Import(f"{base}.{a.name}", node.lineno, is_at_load) for a in names)
            case ast.If(test, body, orelse) if ast.unparse(test).endswith("TYPE_CHECKING"):
                for child in (*body, *orelse):
                    yield from self._imports(child, is_at_load=is_at_load and child in orelse)
            case _:
                at_load = is_at_load and not isinstance(node, Function)
                for inner in ast.iter_child_nodes(node):
                    yield from self._imports(inner, is_at_load=at_load)


class House:
    """A tree of files by path, and which file of it an import means."""

    def __init__(self, files: Files) -> None:
        self.paths = set(files)
        self.modules = [Module(path, source) for path, source in sorted(files.items())]
        self.package = [one for one in self.modules if one.folders[0] == "arbitrage"]
        self.below = [one for one in self.package if one.floor in MAY_USE]
        self._by_name = {module.name: module for module in self.package}

    def target(self, name: str) -> Module | None:
        """The module that holds `name`, or None if it is not of this package."""
        while name and name not in self._by_name:
            name = name.rpartition(".")[0]
        return self._by_name.get(name)


Rule = Callable[[House], Iterator[str]]


def a_file_imports_its_own_floor_or_lower(house: House) -> Iterator[str]:
    for module in house.package:
        for one in module.imports:
            target = house.target(one.name)
            if target and target.floor > module.floor and module.path != "arbitrage/__init__.py":
                yield (
                    f"{module.path}:{one.line} is on floor {module.floor} and imports {target.name}"
                    f" of floor {target.floor}"
                )


def venues_do_not_know_each_other(house: House) -> Iterator[str]:
    for module in house.package:
        for one in module.imports:
            target = house.target(one.name)
            if module.venue and target and target.venue not in ("", module.venue):
                yield f"{module.path}:{one.line} of one venue imports {target.name} of another"


def imports_form_no_cycle(house: House) -> Iterator[str]:
    after = {
        module.name: [
            target.name
            for one in module.imports
            if one.is_at_load and (target := house.target(one.name)) and target is not module
        ]
        for module in house.package
    }
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> Iterator[str]:
        if name in trail:
            yield "cycle of imports: " + " -> ".join([*trail[trail.index(name) :], name])
        elif name not in done:
            for target in after[name]:
                yield from visit(target, [*trail, name])
            done.add(name)

    for name in after:
        yield from visit(name, [])


def floors_0_and_1_use_few_libraries(house: House) -> Iterator[str]:
    for module in house.below:
        allowed = (sys.stdlib_module_names - WORLD) | MAY_USE[module.floor] | {"arbitrage"}
        for one in module.imports:
            if one.name.split(".")[0] not in allowed:
                yield f"{module.path}:{one.line} imports {one.name}; not on floor {module.floor}"


def imports_are_written_as_imports(house: House) -> Iterator[str]:
    for module in house.package:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or module.path in IMPORTS_BY_TEXT:
                continue
            if ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__"):
                yield f"{module.path}:{node.lineno} imports by text, which no rule can read"


def no_order_comes_from_a_set(house: House) -> Iterator[str]:
    for module in house.below:
        sets = _names_of_sets(module.tree)
        for iterated in _ordered_readings(module.tree):
            if _is_set(iterated, sets):
                yield (
                    f"{module.path}:{iterated.lineno} takes an order from the set "
                    f"{ast.unparse(iterated)}, which differs from run to run; sort it"
                )


def _names_of_sets(tree: ast.AST) -> set[str]:
    """Names and attributes that are annotated or assigned as sets, as they are written."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target, annotation) if _is_set_type(annotation):
                names.add(ast.unparse(target))
            case ast.arg(arg, ast.expr() as annotation) if _is_set_type(annotation):
                names.add(arg)
            case ast.Assign([ast.Name(name)], value) if _is_set(value, names):
                names.add(name)
    return names


def _is_set_type(annotation: ast.expr) -> bool:
    return ast.unparse(annotation).split("[")[0].lower().endswith("set")


def _is_set(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp() | ast.Call(ast.Name("set" | "frozenset")):
            return True
        case ast.BinOp(left, ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right):
            return _is_set(left, names) or _is_set(right, names)
    return ast.unparse(node) in names


def _ordered_readings(tree: ast.AST) -> Iterator[ast.expr]:
    """What is iterated where the order can show in the result."""
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    free = {id(arg) for call in calls if ast.unparse(call.func) in ORDER_FREE for arg in call.args}
    for node in nodes:
        match node:
            case ast.For(iter=iterated):
                yield iterated
            case ast.ListComp() | ast.GeneratorExp() | ast.DictComp() if id(node) not in free:
                yield from (generator.iter for generator in node.generators)
            case ast.Call(ast.Name("list" | "tuple" | "iter" | "enumerate"), [iterated, *_]):
                yield iterated
            case ast.Call(ast.Attribute(attr="join"), [iterated]):
                yield iterated


def nobody_catches_everything(house: House) -> Iterator[str]:
    for module in house.package:
        for node in ast.walk(module.tree):
            match node:
                case ast.ExceptHandler(body=[*_, ast.Raise(None)]):
                    continue  # tidies up and passes it on
                case ast.ExceptHandler(None):
                    caught = {"everything"}
                case ast.ExceptHandler(ast.Tuple(kinds)):
                    caught = {ast.unparse(kind) for kind in kinds}
                case ast.ExceptHandler(ast.expr() as kind):
                    caught = {ast.unparse(kind)}
                case ast.Call(func, kinds) if ast.unparse(func).endswith("suppress"):
                    caught = {ast.unparse(kind) for kind in kinds}
                case _:
                    continue
            broad = caught & {"everything", "Exception", "BaseException"}
            if broad and module.path not in CATCHES_ALL:
                yield f"{module.path}:{node.lineno} catches {broad.pop()}; name what you expect"


def files_stay_short(house: House) -> Iterator[str]:
    for module in house.modules:
        lines = len(module.source.splitlines())
        if lines > MAX_FILE_LINES:
            yield f"{module.path} has {lines} lines, limit {MAX_FILE_LINES}"


def functions_stay_short(house: House) -> Iterator[str]:
    for module in house.modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, Function):
                continue
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield (
                    f"{module.path}:{node.lineno} {node.name} has {lines} lines, "
                    f"limit {MAX_FUNCTION_LINES}"
                )


def names_say_what_they_hold(house: House) -> Iterator[str]:
    for module in house.modules:
        classes = [node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
        for name in [*module.path.removesuffix(".py").split("/"), *classes]:
            snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", name).lower()
            if EMPTY_NAME.search(snake):
                yield f"{module.path}: the name {name} does not say what it holds"


def every_module_has_a_test_of_its_name(house: House) -> Iterator[str]:
    for module in house.package:
        folder, _, file = module.path.removeprefix("arbitrage").rpartition("/")
        test = f"tests{folder}/test_{file.removesuffix('.py').strip('_')}.py"
        if file != "__init__.py" and test not in house.paths:
            yield f"{module.path} has no {test}"


RULES: list[Rule] = [
    a_file_imports_its_own_floor_or_lower,
    venues_do_not_know_each_other,
    imports_form_no_cycle,
    floors_0_and_1_use_few_libraries,
    imports_are_written_as_imports,
    no_order_comes_from_a_set,
    nobody_catches_everything,
    files_stay_short,
    functions_stay_short,
    names_say_what_they_hold,
    every_module_has_a_test_of_its_name,
]


@pytest.fixture(scope="module")
def ours() -> House:
    files = [path for folder in ("arbitrage", "tests") for path in (ROOT / folder).rglob("*.py")]
    return House({path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in files})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_house_keeps(rule: Rule, ours: House) -> None:
    complaints = list(rule(ours))
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def test_no_allowance_outlives_its_need(ours: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for rule, allowed in (
        (imports_are_written_as_imports, IMPORTS_BY_TEXT),
        (nobody_catches_everything, CATCHES_ALL),
    ):
        needed = set(allowed)
        with monkeypatch.context() as patch:
            for path in needed:
                patch.delitem(allowed, path)
            assert needed <= {complaint.split(":")[0] for complaint in rule(ours)}


DOMAIN, ENGINE, STORE = "arbitrage/domain/a.py", "arbitrage/engine/b.py", "arbitrage/store/a.py"
UPBIT, BINANCE = "arbitrage/exchanges/upbit/codec.py", "arbitrage/exchanges/binance/codec.py"
BASE, SIM, CLI = "arbitrage/exchanges/base.py", "arbitrage/sim/market.py", "arbitrage/cli.py"
UP, CYCLE = a_file_imports_its_own_floor_or_lower, imports_form_no_cycle
SETS, FEW = no_order_comes_from_a_set, floors_0_and_1_use_few_libraries
LONG_FUNCTION = "def f():\n" + "    x = 1\n" * (MAX_FUNCTION_LINES - 1)

CAUGHT: list[tuple[Rule, Files]] = [
    (UP, {DOMAIN: "import arbitrage.engine.b", ENGINE: ""}),
    (UP, {ENGINE: "def f():\n    from arbitrage.exchanges import base", BASE: ""}),
    (UP, {ENGINE: "if TYPE_CHECKING:\n    from arbitrage.exchanges.base import X", BASE: ""}),
    (UP, {DOMAIN: "from ..engine import b", ENGINE: ""}),
    (UP, {DOMAIN: "from ..engine.b import X", ENGINE: ""}),
    (UP, {BASE: "from arbitrage.exchanges.upbit.codec import X", UPBIT: ""}),
    (UP, {BASE: "import arbitrage.exchanges.upbit", "arbitrage/exchanges/upbit/__init__.py": ""}),
    (UP, {SIM: "from arbitrage import cli", CLI: ""}),
    (UP, {SIM: "from arbitrage import Anything", "arbitrage/__init__.py": ""}),
    (venues_do_not_know_each_other, {UPBIT: "from ..binance import codec", BINANCE: ""}),
    (CYCLE, {SIM: "import arbitrage.store.a", STORE: "from arbitrage.sim import market"}),
    *((FEW, {ENGINE: f"import {module}"}) for module in sorted(WORLD)),
    (FEW, {DOMAIN: "def f():\n    from os.path import join"}),
    (FEW, {DOMAIN: "import numba"}),
    (FEW, {ENGINE: "from pyarrow import parquet"}),
    (imports_are_written_as_imports, {SIM: "x = importlib.import_module('arbitrage.cli')"}),
    (SETS, {ENGINE: "for x in {1, 2}: pass"}),
    (SETS, {ENGINE: "y = [x for x in set(z) - w]"}),
    (SETS, {ENGINE: "names = frozenset(z)\ny = tuple(names)"}),
    (SETS, {ENGINE: "def f(names: set[str]): return ','.join(names)"}),
    (SETS, {ENGINE: "class A:\n  def f(s):\n    s.x: set[str] = g()\n    for y in s.x: pass"}),
    (nobody_catches_everything, {SIM: "try: f()\nexcept: pass"}),
    (nobody_catches_everything, {SIM: "try: f()\nexcept Exception as e: pass"}),
    (nobody_catches_everything, {SIM: "try: f()\nexcept (KeyError, BaseException): pass"}),
    (nobody_catches_everything, {SIM: "with contextlib.suppress(Exception): f()"}),
    (files_stay_short, {"tests/test_a.py": "\n" * (MAX_FILE_LINES + 1)}),
    (functions_stay_short, {SIM: LONG_FUNCTION + "    x = 2\n"}),
    (functions_stay_short, {SIM: "async " + LONG_FUNCTION + "    x = 2\n"}),
    (names_say_what_they_hold, {"arbitrage/sim/order_utils.py": ""}),
    (names_say_what_they_hold, {"tests/common/test_a.py": ""}),
    (names_say_what_they_hold, {SIM: "class OrderManager: pass"}),
    (names_say_what_they_hold, {SIM: "class BookBaseImpl: pass"}),
    (every_module_has_a_test_of_its_name, {SIM: "", "tests/test_market.py": ""}),
]

LET_PASS: list[tuple[Rule, Files]] = [
    (UP, {ENGINE: "from arbitrage.domain import a\nimport arbitrage.engine.c", DOMAIN: ""}),
    (UP, {UPBIT: "from arbitrage.exchanges.base import X\nimport time", BASE: ""}),
    (UP, {CLI: "import arbitrage.live_runner", "arbitrage/live_runner.py": ""}),
    (UP, {"arbitrage/__init__.py": "from arbitrage.cli import main", CLI: ""}),
    (venues_do_not_know_each_other, {UPBIT: "from . import auth\nfrom ..base import X", BASE: ""}),
    (CYCLE, {SIM: "import arbitrage.store.a", STORE: "def f(): import arbitrage.sim.market"}),
    (CYCLE, {SIM: "from ..store import a", STORE: "if t.TYPE_CHECKING: from ..sim import market"}),
    (FEW, {BASE: "import time, asyncio", DOMAIN: "import enum"}),
    (FEW, {ENGINE: "import numba, msgspec, bisect", SIM: "import x"}),
    (imports_are_written_as_imports, {"arbitrage/exchanges/registry.py": "import_module(x)"}),
    (SETS, {ENGINE: "for x in sorted({1, 2}): pass\ny = len(set(z))\nok = 1 in {1, 2}"}),
    (SETS, {ENGINE: "y = any(x > 1 for x in {1, 2})\nw = {x + 1 for x in {1, 2}}"}),
    (SETS, {BASE: "for x in {1, 2}: pass"}),
    (nobody_catches_everything, {SIM: "try: f()\nexcept (KeyError, OSError): pass"}),
    (nobody_catches_everything, {SIM: "try: f()\nexcept BaseException:\n  g()\n  raise"}),
    (files_stay_short, {SIM: "\n" * MAX_FILE_LINES}),
    (functions_stay_short, {SIM: LONG_FUNCTION}),
    (names_say_what_they_hold, {SIM: "class MetricsCollector: pass", "tests/conftest.py": ""}),
    (every_module_has_a_test_of_its_name, {SIM: "", "tests/sim/test_market.py": ""}),
    (every_module_has_a_test_of_its_name, {"arbitrage/__main__.py": "", "tests/test_main.py": ""}),
]


@pytest.mark.parametrize(("rule", "files"), CAUGHT)
def test_a_breach_is_caught(rule: Rule, files: Files) -> None:
    assert list(rule(House(files)))


@pytest.mark.parametrize(("rule", "files"), LET_PASS)
def test_what_keeps_the_rule_passes(rule: Rule, files: Files) -> None:
    assert list(rule(House(files))) == []


def test_every_rule_is_tried_both_ways() -> None:
    for cases in (CAUGHT, LET_PASS):
        assert {rule for rule, _ in cases} == set(RULES)


def test_a_complaint_says_where_and_what() -> None:
    (complaint,) = UP(House({DOMAIN: "\nimport arbitrage.engine.b", ENGINE: ""}))
    assert complaint == (
        "arbitrage/domain/a.py:2 is on floor 0 and imports arbitrage.engine.b of floor 1"
    )
