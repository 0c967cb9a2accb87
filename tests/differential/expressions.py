"""Expressions: a second, simple reading of DynamoDB's language over values of values.py. Developer Guide, "Using expressions".

Whatever is wrong with an expression is a ValidationException, so that checks are made wherever it is handiest."""
import re

from values import Refused, order_key, settle, EXACT

TOKEN = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9_]*|#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|([0-9]+)|(<>|<=|>=|.))")
RESERVED = {"name", "status", "value", "size", "and", "or", "not", "between", "in", "set", "add", "delete", "date", "order"}
CONDITION_WORDS = {"AND", "OR", "NOT", "BETWEEN", "IN"}
CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")
TYPES = ("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
ORDERED = ("S", "N", "B")
SETS = ("SS", "NS", "BS")
LENGTH_MAX, OPERATORS_MAX, IN_MAX = 4096, 300, 100
COUNTS = {"attribute_exists": 1, "attribute_not_exists": 1, "size": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
          "if_not_exists": 2, "list_append": 2}


class Node:
    """kind: path, value, function; and, or, not, between, in, a comparator, + or -. items: operands, elements of the path."""

    __slots__ = ("kind", "items", "name", "parenthesized")

    def __init__(self, kind, items, name=None):
        self.kind, self.items, self.name, self.parenthesized = kind, items, name, False

    def is_operand(self):
        return self.kind in ("path", "value", "function")


class Environment:
    """ExpressionAttributeNames and -Values of one request, and which of them have been used."""

    def __init__(self, names, values):
        self.names, self.values, self.used = names, values, set()

    def name(self, alias):
        return self.find(self.names, alias)

    def value(self, parameter):
        return self.find(self.values, parameter)

    def find(self, given, key):
        if given is None or key not in given:
            raise Refused(words=f"{key} is not defined")
        self.used.add(key)
        return given[key]

    def finish(self):
        for given in (self.names, self.values):
            if any(key not in self.used for key in given or ()):
                raise Refused(words="unused names or values")


class Parser:
    def __init__(self, text, environment, keywords):
        self.tokens = [(match.lastindex, match.group(match.lastindex)) for match in TOKEN.finditer(text.rstrip())]
        self.tokens.append((0, ""))
        self.at, self.environment, self.keywords = 0, environment, keywords
        if len(text.encode()) > LENGTH_MAX:
            raise Refused(words="length of the expression")
        if len(self.tokens) == 1:
            raise Refused(words="empty expression")

    def peek(self):
        return self.tokens[self.at]

    def take(self, text):
        kind, token = self.peek()
        if kind != 4 or token != text:
            return False
        self.at += 1
        return True

    def take_word(self, word):
        kind, token = self.peek()
        if kind != 1 or token.upper() != word:
            return False
        self.at += 1
        return True

    def expect(self, good):
        if not good:
            raise Refused(words=f"syntax at {self.peek()[1]!r}")

    def end(self):
        self.expect(self.peek()[0] == 0)

    def name_token(self):
        kind, token = self.peek()
        self.expect(kind == 1 and token.upper() not in self.keywords)
        self.at += 1
        return token

    def resolve(self, token):
        if token[0] == "#":
            return self.environment.name(token)
        if token.lower() in RESERVED:
            raise Refused(words=f"{token} is reserved")
        return token

    def path(self, first=None):
        steps = [self.resolve(first or self.name_token())]
        while True:
            if self.take("."):
                steps.append(self.resolve(self.name_token()))
            elif self.take("["):
                kind, token = self.peek()
                self.expect(kind == 3)
                self.at += 1
                steps.append(int(token))
                self.expect(self.take("]"))
            else:
                return Node("path", steps)

    def parentheses(self, rule):
        inner = rule()
        self.expect(self.take(")"))
        if inner.parenthesized:
            raise Refused(words="redundant parentheses")
        inner.parenthesized = True
        return inner

    def parameter(self):
        kind, token = self.peek()
        self.expect(kind == 2)
        self.at += 1
        return Node("value", [self.environment.value(token)])

    def operand(self):
        if self.take("("):
            return self.parentheses(self.operand)
        if self.peek()[0] == 2:
            return self.parameter()
        name = self.name_token()
        if name[0] != "#" and self.take("("):
            arguments = [self.operand()]
            while self.take(","):
                arguments.append(self.operand())
            self.expect(self.take(")"))
            return Node("function", arguments, name)
        return self.path(name)


# ---- conditions ----

class ConditionParser(Parser):
    def __init__(self, text, environment):
        super().__init__(text, environment, CONDITION_WORDS)

    def parse(self):
        root = self.wanted(self.or_rule())
        self.end()
        check_condition(root, True)
        check_count(count_operators(root))
        return root

    def wanted(self, node):
        self.expect(node.kind not in ("path", "value"))
        return node

    def or_rule(self):
        left = self.and_rule()
        while self.peek()[0] == 1 and self.peek()[1].upper() == "OR":
            self.at += 1
            left = Node("or", [self.wanted(left), self.wanted(self.and_rule())])
        return left

    def and_rule(self):
        left = self.not_rule()
        while self.peek()[0] == 1 and self.peek()[1].upper() == "AND":
            self.at += 1
            left = Node("and", [self.wanted(left), self.wanted(self.not_rule())])
        return left

    def not_rule(self):
        return Node("not", [self.wanted(self.not_rule())]) if self.take_word("NOT") else self.comparison()

    def comparison(self):
        left = self.parentheses(self.or_rule) if self.take("(") else self.operand()
        if not left.is_operand():
            return left
        for symbol in ("=", "<>", "<=", ">=", "<", ">"):
            if self.take(symbol):
                return Node(symbol, [left, self.operand()])
        if self.take_word("BETWEEN"):
            low = self.operand()
            self.expect(self.take_word("AND"))
            return Node("between", [left, low, self.operand()])
        if self.take_word("IN"):
            self.expect(self.take("("))
            choices = [self.operand()]
            while self.take(","):
                choices.append(self.operand())
            self.expect(self.take(")"))
            return Node("in", [left] + choices)
        return left  # given back to whoever opened the parenthesis; refused where a condition is wanted


def static_type(node):
    if node.kind == "value":
        return node.items[0][0]
    return "N" if node.kind == "function" else None


def check_types(operands, allowed):
    for operand in operands:
        if static_type(operand) not in (None,) + tuple(allowed):
            raise Refused(words="operand type")


def check_distinct(node):
    first = node.items[0]
    for other in node.items[1:]:
        if first.kind == "path" and other.kind == "path" and first.items == other.items:
            raise Refused(words="operands must be distinct")


def count_operators(node):
    """Operators and functions."""
    if node.kind in ("path", "value"):
        return 0
    return 1 + sum(map(count_operators, node.items))


def check_count(count):
    if count > OPERATORS_MAX:
        raise Refused(words="number of operators")


def check_condition(node, wants_condition):
    """wants_condition: may this node be a function that answers yes or no?"""
    if node.kind in ("path", "value"):
        return
    if node.kind == "function":
        if node.name not in COUNTS or node.name in ("if_not_exists", "list_append") or wants_condition == (node.name == "size"):
            raise Refused(words=f"function {node.name}")
        if len(node.items) != COUNTS[node.name]:
            raise Refused(words="number of operands")
    for operand in node.items:
        check_condition(operand, node.kind in ("and", "or", "not"))
    if node.kind == "function":
        check_function(node)
    elif node.kind in ("=", "<>", "<", "<=", ">", ">="):
        check_distinct(node)
        if node.kind not in ("=", "<>"):
            check_types(node.items, ORDERED)
    elif node.kind == "in":
        if len(node.items) - 1 > IN_MAX:
            raise Refused(words="operands of IN")
    elif node.kind == "between":
        check_types(node.items, ORDERED)
        low, high = node.items[1:]
        if low.kind == high.kind == "value":
            low, high = low.items[0], high.items[0]
            if low[0] != high[0] or order_key(low) > order_key(high):
                raise Refused(words="bounds of BETWEEN")


def check_function(node):
    check_distinct(node)
    first = node.items[0]
    if node.name in ("attribute_exists", "attribute_not_exists") and first.kind != "path":
        raise Refused(words="a path is wanted")
    if node.name == "begins_with":
        check_types(node.items, ("S", "B"))
    elif node.name == "size":
        check_types(node.items, ("S", "B", "L", "M") + SETS)
    elif node.name == "attribute_type":
        wanted = node.items[1]
        if wanted.kind != "value" or wanted.items[0][0] != "S" or wanted.items[0][1] not in TYPES:
            raise Refused(words="type wanted")


def find(steps, item):
    """The value at a path, None when there is none."""
    value = ("M", item)
    for step in steps:
        kind, payload = value
        if isinstance(step, int):
            if kind != "L" or step >= len(payload):
                return None
            value = payload[step]
        else:
            if kind != "M" or step not in payload:
                return None
            value = payload[step]
    return value


def size_of(value):
    if value is None or value[0] in ("N", "BOOL", "NULL"):
        return None
    kind, payload = value
    return ("N", EXACT.create_decimal(len(payload.encode("utf-16-le")) // 2 if kind == "S" else len(payload)))


def load(node, item):
    if node.kind == "value":
        return node.items[0]
    return find(node.items, item) if node.kind == "path" else size_of(load(node.items[0], item))


def compare(symbol, left, right):
    if symbol == "=":
        return left is not None and left == right
    if symbol == "<>":
        return left is None or left != right
    if left is None or right is None or left[0] != right[0] or left[0] not in ORDERED:
        return False
    a, b = order_key(left), order_key(right)
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[symbol]


def contains(value, wanted):
    if value is None or wanted is None:
        return False
    kind, payload = value
    if kind in ("S", "B"):
        return wanted[0] == kind and wanted[1] in payload
    if kind in SETS:
        return wanted[0] == kind[0] and wanted[1] in payload
    return kind == "L" and wanted in payload


def test(node, item):
    if node.kind == "and":
        return test(node.items[0], item) and test(node.items[1], item)
    if node.kind == "or":
        return test(node.items[0], item) or test(node.items[1], item)
    if node.kind == "not":
        return not test(node.items[0], item)
    if node.kind == "function" and node.name == "attribute_type":
        value = load(node.items[0], item)
        return value is not None and value[0] == node.items[1].items[0][1]
    operands = [load(operand, item) for operand in node.items]
    first = operands[0]
    if node.kind == "between":
        return compare(">=", first, operands[1]) and compare("<=", first, operands[2])
    if node.kind == "in":
        return first is not None and first in operands[1:]
    if node.kind != "function":
        return compare(node.kind, *operands)
    if node.name == "attribute_exists":
        return first is not None
    if node.name == "attribute_not_exists":
        return first is None
    if node.name == "contains":
        return contains(*operands)
    prefix = operands[1]
    return (first is not None and prefix is not None and first[0] == prefix[0] and first[0] in ("S", "B")
            and first[1].startswith(prefix[1]))


def paths_of(node):
    """Of all attributes that a condition or an operand reads."""
    if node.kind == "path":
        yield node.items
    elif node.kind != "value":
        for operand in node.items:
            yield from paths_of(operand)


# ---- paths that are copied or changed ----

def check_apart(paths):
    """No path may lie in another's way: overlap, or be a list for one and a map for the other."""
    for at, one in enumerate(paths):
        for two in paths[:at]:
            for a, b in zip(one, two):
                if a != b:
                    if isinstance(a, int) != isinstance(b, int):
                        raise Refused(words="paths conflict")
                    break
            else:
                raise Refused(words="paths overlap")


def project(paths, item):
    """The part of the item that the paths name; elements of lists move together."""
    tree = {}
    for path in paths:
        branch = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
        branch[path[-1]] = None
    copied = copy_tree(tree, ("M", item))
    return copied[1] if copied else {}


def copy_tree(tree, value):
    if tree is None:
        return value
    kind, payload = value
    found = {}
    for step in sorted(tree, key=lambda each: (isinstance(each, str), each)):
        inside = find([step], payload) if kind == "M" else find(["x", step], {"x": value})
        copied = copy_tree(tree[step], inside) if inside is not None else None
        if copied is not None:
            found[step] = copied
    if not found:
        return None
    return (kind, list(found.values()) if kind == "L" else found)


def parse_projection(text, environment):
    parser = Parser(text, environment, ())
    paths = [parser.path().items]
    while parser.take(","):
        paths.append(parser.path().items)
    parser.end()
    check_apart(paths)
    return paths


# ---- updates ----

class Update:
    def __init__(self, actions):
        self.actions = actions  # (clause, path, node or None)
        self.paths = [path for _, path, _ in actions]

    def read_paths(self):
        for _, _, node in self.actions:
            if node is not None:
                yield from paths_of(node)


class UpdateParser(Parser):
    def __init__(self, text, environment):
        super().__init__(text, environment, CLAUSES)

    def parse(self):
        actions, seen = [], set()
        while not seen or self.peek()[0] != 0:
            clause = next((each for each in CLAUSES if self.take_word(each)), None)
            self.expect(clause is not None)
            if clause in seen:
                raise Refused(words="clause twice")
            seen.add(clause)
            actions.append(self.action(clause))
            while self.take(","):
                actions.append(self.action(clause))
        check_apart([path for _, path, _ in actions])
        check_count(sum(count_operators(node) for _, _, node in actions if node is not None))
        for clause, _, node in actions:
            if clause in ("ADD", "DELETE") and node.items[0][0] not in SETS + (("N",) if clause == "ADD" else ()):
                raise Refused(words="type of ADD or DELETE")
            if node is not None:
                check_set(node)
        return Update(actions)

    def action(self, clause):
        path = self.path().items
        if clause == "REMOVE":
            return clause, path, None
        if clause != "SET":
            return clause, path, self.parameter()
        self.expect(self.take("="))
        return clause, path, self.right_side()

    def right_side(self):
        left = self.parentheses(self.right_side) if self.take("(") else self.operand()
        if left.is_operand():
            for symbol in ("+", "-"):
                if self.take(symbol):
                    return Node(symbol, [left, self.operand()])
        return left


def check_set(node):
    if node.kind in ("path", "value"):
        return
    if node.kind == "function":
        if node.name not in ("if_not_exists", "list_append") or len(node.items) != 2:
            raise Refused(words=f"function {node.name}")
        if node.name == "if_not_exists" and node.items[0].kind != "path":
            raise Refused(words="a path is wanted")
    for operand in node.items:
        check_set(operand)
    wanted = {"+": "N", "-": "N", "list_append": "L"}.get(node.name if node.kind == "function" else node.kind)
    for operand in node.items:
        kind = static_type(operand) if operand.kind == "value" else None
        if operand.kind == "function" and operand.name == "list_append":
            kind = "L"
        if wanted and kind not in (None, wanted):
            raise Refused(words="operand type")


def evaluate(node, item):
    if node.kind == "value":
        return node.items[0]
    if node.kind == "path":
        value = find(node.items, item)
        if value is None:
            raise Refused(words="attribute does not exist")
        return value
    if node.kind == "function" and node.name == "if_not_exists":
        value = find(node.items[0].items, item)
        return value if value is not None else evaluate(node.items[1], item)
    left, right = (evaluate(operand, item) for operand in node.items)
    wanted = "L" if node.kind == "function" else "N"
    if left[0] != wanted or right[0] != wanted:
        raise Refused(words="operand of incorrect type")
    if wanted == "L":
        return "L", left[1] + right[1]
    number = EXACT.add(left[1], right[1]) if node.kind == "+" else EXACT.subtract(left[1], right[1])
    return "N", settle(number)


def outcome(clause, node, old, item):
    """What an action leaves at its path; None: nothing."""
    if clause == "REMOVE":
        return None
    if clause == "SET":
        return evaluate(node, item)
    given = node.items[0]
    if old is None:
        return given if clause == "ADD" else None
    if old[0] != given[0]:
        raise Refused(words="operand of incorrect type")
    if given[0] == "N":
        return "N", settle(EXACT.add(old[1], given[1]))
    changed = old[1] | given[1] if clause == "ADD" else old[1] - given[1]
    return (old[0], changed) if changed else None


def place(value, path, new):
    """The value with the outcome at the path; elements of lists keep their places: (None) marks a hole, dict the appended."""
    step, (kind, payload) = path[0], value
    if kind != ("L" if isinstance(step, int) else "M"):
        raise Refused(words="path is invalid for update")
    inside = payload.get(step) if not isinstance(payload, list) else None
    if len(path) > 1:
        if inside is None:
            raise Refused(words="path is invalid for update")
        new = place(inside, path[1:], new)
    payload = dict(payload)
    payload[step] = new
    return kind, payload


def opened(value):
    """Lists as maps from index to element, so that removed elements do not move the others while actions are made."""
    kind, payload = value
    if kind == "M":
        return kind, {name: opened(inside) for name, inside in payload.items()}
    if kind == "L":
        return kind, {at: opened(inside) for at, inside in enumerate(payload)}
    return value


def closed(value):
    kind, payload = value
    if kind == "M":
        return kind, {name: closed(inside) for name, inside in payload.items() if inside is not None}
    if kind == "L":
        return kind, [closed(payload[at]) for at in sorted(payload) if payload[at] is not None]
    return value


def apply_update(update, item):
    whole = opened(("M", item))
    for clause, path, node in update.actions:
        new = outcome(clause, node, find(path, item), item)
        whole = place(whole, path, opened(new) if new is not None else None)
    return closed(whole)[1]


# ---- key conditions ----

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def key_comparisons(root):
    """[(attribute, relation, operands)]; what a key condition may not be is Refused."""
    if root.kind == "and":
        found = key_comparisons(root.items[0]) + key_comparisons(root.items[1])
        if len(found) > 2 or len({name for name, _, _ in found}) != len(found):
            raise Refused(words="conditions per key")
        return found
    relation = root.name if root.kind == "function" else root.kind
    if relation not in ("=", "<", "<=", ">", ">=", "between", "begins_with"):
        raise Refused(words="operator in a key condition")
    operands = root.items
    if operands[0].kind == "value" and relation in MIRRORED:
        relation = MIRRORED[relation]
    if operands[0].kind == "value" and relation in ("between", "begins_with"):
        raise Refused(words="key attribute comes first")
    paths = [operand.items for operand in operands if operand.kind == "path"]
    if any(operand.kind == "function" for operand in operands) or len(paths) != 1 or len(paths[0]) != 1:
        raise Refused(words="one key attribute and constants")
    return [(paths[0][0], relation, [operand.items[0] for operand in operands if operand.kind == "value"])]


def key_test(relation, operands, value):
    if relation == "between":
        return compare(">=", value, operands[0]) and compare("<=", value, operands[1])
    if relation == "begins_with":
        return value[1].startswith(operands[0][1])
    return compare(relation, value, operands[0])
