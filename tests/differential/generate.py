"""Random requests for a table of the model: most of them good, some with one thing wrong."""
import base64

import expressions
import several
from model import Index, Keys, Table
from values import ITEM_MAX, decode_item, encode, encode_item, item_size

NAMES = ["aa", "bb", "cc", "dd", "ee", "name", "size"]
INNER = ["xx", "yy", "name"]
NUMBERS = ["0", "1", "2", "3", "5", "-1", "10", "1.5", "-0.25", "100", "1e2", "1E-3", "0.10", "007", "12345678901234567890",
           "99999999999999999999999999999999999999", "1e125", "-1e-130", "9.9e125"]
STRINGS = ["", "a", "b", "ab", "abc", "B", "ä", "z", "\U0001F600", "aa", "ba", "1", "\uffff"]
BINARIES = [b"", b"\0", b"a", b"ab", b"\xff", b"b", b"\xff\xff"]
WRONG = [{"N": "abc"}, {"N": ""}, {"SS": []}, {"NS": ["1", "1.0"]}, {}, {"S": "a", "N": "1"}, {"NULL": False}, {"N": "1e126"},
         {"N": "1e-131"}, {"N": "123456789012345678901234567890123456789"}, {"N": 5}, {"S": 5}, {"B": "abc"}, {"BS": ["YQ==", "YQ=="]},
         {"SS": ["a", "a"]}, {"L": [{"N": "x"}]}, {"M": {"xx": {"SS": []}}}, {"BOOL": 3}, {"Q": "a"}, {"SS": "a"}]
SLOPPINESS = 0.15  # share of the requests that have something wrong, perhaps
KEYS = {"S": [{"S": text} for text in STRINGS[1:]],
        "N": [{"N": number} for number in NUMBERS],
        "B": [{"B": base64.b64encode(data).decode()} for data in BINARIES[1:]]}


def make_table(random, name):
    """A table with indexes, chosen at random."""
    sort = random.choice([None, "sk", "sk", "sk"])
    types = {"pk": random.choice("SSNB"), "aa": random.choice("SN"), "bb": random.choice("SNB")}
    if sort:
        types["sk"] = random.choice("SNB")
    indexes = []
    if random.random() < 0.7:
        indexes.append(Index("global", Keys("aa", random.choice([None, "bb", "pk"]), types), False, "ALL"))
    if sort and random.random() < 0.6:
        indexes.append(Index("local", Keys("pk", "bb", types), True, "ALL"))
    for index in indexes:
        index.projection = random.choice(["ALL", "KEYS_ONLY", "INCLUDE"])
        index.include = ["cc", "dd"]
    table = Table(name, Keys("pk", sort, types), indexes)
    table.view = random.choice(["NEW_AND_OLD_IMAGES", "NEW_AND_OLD_IMAGES", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
    return table


def create_request(table):
    def schema(keys):
        return [{"AttributeName": name, "KeyType": role} for name, role in zip(keys.names(), ("HASH", "RANGE"))]

    used = set(table.keys.names()).union(*(index.keys.names() for index in table.indexes.values()))
    request = {"TableName": table.name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": schema(table.keys),
               "AttributeDefinitions": [{"AttributeName": name, "AttributeType": table.keys.types[name]} for name in sorted(used)],
               "StreamSpecification": {"StreamEnabled": True, "StreamViewType": table.view}}
    for index in table.indexes.values():
        projection = {"ProjectionType": index.projection}
        if index.projection == "INCLUDE":
            projection["NonKeyAttributes"] = index.include
        request.setdefault("LocalSecondaryIndexes" if index.local else "GlobalSecondaryIndexes", []).append(
            {"IndexName": index.name, "KeySchema": schema(index.keys), "Projection": projection})
    return request


def paths_in(path, value):
    """All paths inside a value, with the values there."""
    kind, payload = value
    for step, inside in payload.items() if kind == "M" else enumerate(payload) if kind == "L" else ():
        yield path + (step,), inside
        yield from paths_in(path + (step,), inside)


class Generator:
    def __init__(self, random, table):
        self.random, self.table = random, table
        self.names, self.values, self.sloppy = {}, {}, False
        self.sloppiness = SLOPPINESS
        self.waiting = []  # requests that come next
        self.tokens = []  # transactions that had one
        self.known = []  # [(path, value)] of an item, so that expressions meet what is there

    def chance(self, share):
        return self.random.random() < share

    # ---- values ----

    def value(self, depth=2, kinds="SNBOUsnbLM"):
        random = self.random
        kind = random.choice(kinds if depth else kinds.replace("L", "").replace("M", "") or "N")
        if kind == "S":
            return {"S": random.choice(STRINGS)}
        if kind == "N":
            return {"N": random.choice(NUMBERS) if self.chance(0.4) else str(random.randrange(-3, 8))}
        if kind == "B":
            return {"B": base64.b64encode(random.choice(BINARIES)).decode()}
        if kind == "O":
            return {"BOOL": self.chance(0.5)}
        if kind == "U":
            return {"NULL": True}
        if kind == "s":
            return {"SS": random.sample(STRINGS, random.randrange(1, 4))}
        if kind == "n":
            return {"NS": [str(number) for number in random.sample(range(-3, 8), random.randrange(1, 4))]}
        if kind == "b":
            return {"BS": [base64.b64encode(data).decode() for data in random.sample(BINARIES, random.randrange(1, 4))]}
        if kind == "L":
            return {"L": [self.value(depth - 1) for _ in range(random.randrange(4))]}
        return {"M": {name: self.value(depth - 1) for name in random.sample(INNER, random.randrange(4))}}

    def key_value(self, name):
        kind = self.table.keys.types[name]
        if self.sloppy and self.chance(0.2):
            return self.value()
        # few partitions, so that they have several items
        return self.random.choice(KEYS[kind][:4] if name == "pk" or self.chance(0.6) else KEYS[kind])

    def key(self):
        key = {name: self.key_value(name) for name in self.table.keys.names()}
        if self.sloppy and self.chance(0.2):
            key[self.random.choice(["sk", "pk", "aa"])] = self.value()
        if self.sloppy and self.chance(0.1):
            key.popitem()
        return key

    def some_key(self):
        """Of an item that is there, mostly."""
        self.look_at(None)
        if self.table.items and not self.sloppy and self.chance(0.8):
            item = self.random.choice(list(self.table.items.values()))
            self.look_at(item)
            return encode_item({name: item[name] for name in self.table.keys.names()})
        return self.key()

    def item(self):
        item = self.key()
        indexed = {name for index in self.table.indexes.values() for name in index.keys.names()}
        for name in NAMES:
            if name not in item and self.chance(0.6):
                item[name] = self.key_value(name) if name in indexed and not self.chance(0.02) else self.value(3)
        if self.sloppy and self.chance(0.4):
            item[self.random.choice(NAMES)] = self.random.choice(WRONG)
        return item

    # ---- paths that some item has ----

    def look_at(self, item):
        self.known = list(paths_in((), ("M", item))) if item else []

    def look_at_some(self):
        self.look_at(self.random.choice(list(self.table.items.values())) if self.table.items else None)

    def known_of(self, kinds):
        """(path, value) of one of these types, or None."""
        fitting = [pair for pair in self.known if pair[1][0] in kinds and pair[0][0] not in self.table.keys.names()]
        return self.random.choice(fitting) if fitting else None

    def spell(self, path):
        return "".join(f"[{step}]" if isinstance(step, int) else ("." if at else "") + self.name(step)
                       for at, step in enumerate(path))

    # ---- expressions ----

    def name(self, name):
        if name not in expressions.RESERVED and self.chance(0.7) or self.sloppy and self.chance(0.1):
            return name
        alias = f"#n{len(self.names)}" if self.chance(0.5) else f"#{name}"
        if self.sloppy and self.chance(0.1):
            return alias
        self.names[alias] = name
        return alias

    def path(self, deep=True, names=NAMES):
        text = self.name(self.random.choice(names))
        while deep and self.chance(0.35):
            text += f"[{self.random.randrange(4)}]" if self.chance(0.5) else "." + self.name(self.random.choice(INNER))
        return text

    def parameter(self, value):
        if self.sloppy and self.chance(0.05):
            value = self.random.choice(WRONG)
        name = f":v{len(self.values)}"
        if not (self.sloppy and self.chance(0.05)):
            self.values[name] = value
        return name

    def operand(self, kinds="SNBOUsnbLM"):
        chance = self.random.random()
        if chance < 0.45:
            return self.parameter(self.value(1, kinds))
        if chance < 0.85:
            return self.read_path()
        if chance < 0.95:
            return f"size({self.read_path()})"
        return f"({self.read_path()})"

    def read_path(self):
        if self.known and self.chance(0.5):
            return self.spell(self.random.choice(self.known)[0])
        return self.path(names=NAMES + ["sk", "pk"] if self.chance(0.1) else NAMES)

    def likely(self):
        """A comparison with what is there."""
        path, value = self.random.choice(self.known)
        kind, payload = value
        text = self.spell(path)
        if kind in ("S", "B") and self.chance(0.4):
            part = encode((kind, payload[:self.random.randrange(1, 3)]))
            return f"{self.random.choice(['begins_with', 'contains'])}({text}, {self.parameter(part)})"
        if kind in ("SS", "NS", "BS", "L") and payload and self.chance(0.6):
            element = self.random.choice(payload) if kind == "L" else (kind[0], self.random.choice(sorted(payload)))
            return f"contains({text}, {self.parameter(encode(element))})"
        given = self.parameter(encode(value))
        if kind in ("S", "N", "B") and self.chance(0.6):
            if self.chance(0.3):
                return f"{text} BETWEEN {given} AND {self.parameter(encode(value))}"
            return f"{text} {self.random.choice(['<', '<=', '>', '>='])} {given}"
        return f"{text} IN ({self.operand()}, {given})" if self.chance(0.3) else f"{text} {self.random.choice(['=', '=', '<>'])} {given}"

    def comparison(self):
        random = self.random
        if self.known and self.chance(0.4):
            return self.likely()
        kind = random.randrange(9)
        if kind < 3:
            return f"{self.operand()} {random.choice(['=', '<>'])} {self.operand()}"
        if kind == 3:
            return f"{self.operand('SNB')} {random.choice(['<', '<=', '>', '>='])} {self.operand('SNB')}"
        if kind == 4:
            kinds = random.choice("SNB") if self.chance(0.9) else "SNBO"
            return f"{self.read_path()} BETWEEN {self.operand(kinds)} AND {self.operand(kinds)}"
        if kind == 5:
            return f"{self.operand()} IN ({', '.join(self.operand() for _ in range(random.randrange(1, 4)))})"
        if kind == 6:
            return f"{random.choice(['attribute_exists', 'attribute_not_exists'])}({self.read_path()})"
        if kind == 7:
            kinds = random.choice(expressions.TYPES) if self.chance(0.95) else "X"
            return f"attribute_type({self.read_path()}, {self.parameter({'S': kinds})})"
        if self.chance(0.5):
            return f"begins_with({self.read_path()}, {self.operand('SB')})"
        return f"contains({self.read_path()}, {self.operand('SNB')})"

    def condition(self, depth=2):
        chance = self.random.random()
        if depth == 0 or chance < 0.5:
            return self.comparison()
        if chance < 0.65:
            return f"NOT {self.condition(0)}" if self.chance(0.5) else f"not ({self.condition(depth - 1)})"
        if chance < 0.75 and self.chance(0.8):
            return f"({self.condition(0)})"
        left, right = self.condition(depth - 1), self.condition(depth - 1)
        word = self.random.choice([" AND ", " OR ", " and ", " or "])
        return f"({left}){word}{right}" if self.chance(0.3) and left[0] != "(" else left + word + right

    def spoil(self, text):
        """Takes away, doubles or exchanges a token."""
        tokens = [match.group(0) for match in expressions.TOKEN.finditer(text)]
        at = self.random.randrange(len(tokens))
        how = self.random.randrange(4)
        if how == 0:
            del tokens[at]
        elif how == 1:
            tokens.insert(at, tokens[at])
        elif how == 2:
            other = self.random.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens[at] = self.random.choice([" (", ")", " AND", " ,", " =", " :v0", " aa", " %", "[", ".", " size", " 7", " SET"])
        return " ".join(tokens) if self.chance(0.5) else "".join(tokens)

    def maybe_spoil(self, text):
        return self.spoil(text) if self.sloppy and self.chance(0.3) else text

    def set_operand(self, depth=1):
        chance = self.random.random()
        if chance < 0.5 or depth == 0:
            return self.parameter(self.value(2))
        if chance < 0.65:
            return self.read_path()
        if chance < 0.85:
            return f"if_not_exists({self.read_path()}, {self.set_operand(depth - 1)})"
        return f"list_append({self.list_operand()}, {self.list_operand()})"

    def list_operand(self):
        known = self.known_of("L")
        if known and self.chance(0.5):
            return self.spell(known[0])
        if self.chance(0.6):
            return self.parameter(self.value(2, "L"))
        return f"if_not_exists({self.read_path()}, {self.parameter({'L': []})})"

    def set_right(self):
        if self.chance(0.7):
            return self.set_operand()
        known = self.known_of("N")
        left = self.spell(known[0]) if known and self.chance(0.9) else self.read_path()
        if self.chance(0.4):
            left = f"if_not_exists({left}, {self.parameter(self.value(0, 'N'))})"
        text = f"{left} {self.random.choice('+-')} {self.parameter(self.value(0, 'N' if self.chance(0.97) else 'NS'))}"
        return f"({text})" if self.chance(0.1) else text

    def target(self, clause, taken):
        """(path's text, value there or None) for an action; a path of a name that no other action has, mostly."""
        fitting = {"DELETE": ("SS", "NS", "BS"), "ADD": ("N", "SS", "NS", "BS")}.get(clause, expressions.TYPES)
        known = self.known_of(fitting)
        if known is None or self.chance(0.25) or known[0][0] in taken and self.chance(0.9):
            name = self.random.choice([each for each in NAMES if each not in taken] or NAMES)
            taken.add(name)
            return self.path(deep=self.chance(0.2), names=[name]), None
        path, value = known
        taken.add(path[0])
        text = self.spell(path)
        if value[0] == "M" and self.chance(0.7):
            return text + "." + self.name(self.random.choice(INNER)), None
        if value[0] == "L" and self.chance(0.7):
            return f"{text}[{self.random.randrange(len(value[1]) + 3)}]", None
        return text, value

    def change(self, clause, value):
        """The operand of ADD or DELETE; fits the value that is there."""
        if value is None or self.chance(0.05):
            return self.value(0, "snb" if clause == "DELETE" or self.chance(0.5) else "N" if self.chance(0.95) else "SL")
        return self.value(0, {"N": "N", "SS": "s", "NS": "n", "BS": "b"}[value[0]])

    def update(self):
        clauses, taken = [], set()
        for clause in self.random.sample(expressions.CLAUSES, self.random.choice([1, 1, 1, 2, 2, 3, 4])):
            actions = []
            for _ in range(self.random.choice([1, 1, 2])):
                path, value = self.target(clause, taken)
                if clause == "SET":
                    path += f" = {self.set_right()}"
                elif clause != "REMOVE":
                    path += f" {self.parameter(self.change(clause, value))}"
                actions.append(path)
            clauses.append(f"{clause if self.chance(0.9) else clause.lower()} {', '.join(actions)}")
        return " ".join(clauses)

    def projection(self):
        if self.known and self.chance(0.6):
            return ", ".join(self.spell(path) for path, _ in self.random.sample(self.known, min(len(self.known), 3)))
        names = self.random.sample(NAMES + self.table.keys.names(), self.random.randrange(1, 4))
        return ", ".join(self.path(names=[name]) for name in names)

    def finish(self, request):
        if self.sloppy and self.chance(0.05):
            self.names["#unused"] = "aa"
        if self.sloppy and self.chance(0.05):
            self.values[":unused"] = {"N": "1"}
        if self.sloppy and self.chance(0.05):
            request["TableName"] = "no-such-table"
        if self.names or self.sloppy and self.chance(0.02):
            request["ExpressionAttributeNames"] = self.names
        if self.values or self.sloppy and self.chance(0.02):
            request["ExpressionAttributeValues"] = self.values
        return request

    # ---- requests ----

    def begin(self):
        self.names, self.values = {}, {}
        self.sloppy = self.chance(self.sloppiness)
        return {"TableName": self.table.name}

    def conditional(self, request, share, returns):
        if self.chance(share):
            request["ConditionExpression"] = self.maybe_spoil(self.condition())
            if self.chance(0.4):
                request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if self.chance(0.7):
            request["ReturnValues"] = self.random.choice(returns)
        if self.sloppy and self.chance(0.05):
            request["ReturnValues"] = self.random.choice(["ALL_NEW", "SOME"])
        return self.finish(request)

    def put_item(self):
        request = self.begin()
        request["Item"] = self.item()
        self.look_at_some()
        return self.conditional(request, 0.3, ["NONE", "ALL_OLD"])

    def delete_item(self):
        request = self.begin()
        request["Key"] = self.some_key()
        return self.conditional(request, 0.6, ["NONE", "ALL_OLD"])

    def update_item(self):
        request = self.begin()
        request["Key"] = self.some_key()
        if self.chance(0.97):
            request["UpdateExpression"] = self.maybe_spoil(self.update())
        return self.conditional(request, 0.3, ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "UPDATED_NEW"])

    def get_item(self):
        request = self.begin()
        request["Key"] = self.some_key()
        if self.chance(0.7):
            request["ProjectionExpression"] = self.maybe_spoil(self.projection())
        if self.chance(0.3):
            request["ConsistentRead"] = True
        request = self.finish(request)
        request.pop("ExpressionAttributeValues", None)  # not a member of GetItem
        return request

    def reading(self, request):
        """What Query and Scan share; the index has been chosen."""
        self.look_at_some()
        if self.chance(0.5):
            request["FilterExpression"] = self.maybe_spoil(self.condition())
        if self.chance(0.3):
            request["ProjectionExpression"] = self.maybe_spoil(self.projection())
        if self.chance(0.5):
            request["Limit"] = self.random.randrange(1, 9)
        if self.chance(0.3):
            request["Select"] = self.random.choice(["COUNT", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"])
            if request["Select"] != "SPECIFIC_ATTRIBUTES" and not self.sloppy:
                request.pop("ProjectionExpression", None)
        if self.sloppy and self.chance(0.1):
            request["Limit"] = 0
        if self.sloppy and self.chance(0.1):
            request["ExclusiveStartKey"] = self.key()
        if self.chance(0.1):
            request["ConsistentRead"] = True
        return request

    def tidy(self, request):
        """Without what is not used any more: an exchange of members has left it."""
        text = " ".join(request.get(member, "") for member in
                        ("FilterExpression", "ProjectionExpression", "KeyConditionExpression"))
        used = set(token for match in expressions.TOKEN.finditer(text) for token in [match.group(0).strip()])
        self.names = {alias: name for alias, name in self.names.items() if alias in used}
        self.values = {parameter: value for parameter, value in self.values.items() if parameter in used}
        return self.finish(request)

    def choose_keys(self, request):
        if self.table.indexes and self.chance(0.5):
            index = self.random.choice(list(self.table.indexes.values()))
            request["IndexName"] = index.name
            return index.keys
        if self.sloppy and self.chance(0.03):
            request["IndexName"] = "no-such-index"
        return self.table.keys

    def stored_value(self, name):
        """That some item has, mostly."""
        found = [item[name] for item in self.table.items.values() if name in item and item[name][0] == self.table.keys.types[name]]
        if found and self.chance(0.8):
            return encode_item({name: self.random.choice(found)})[name]
        return self.key_value(name)

    def sort_condition(self, name):
        random = self.random
        kind = random.randrange(8)
        if kind < 5:
            operands = [self.name(name), self.parameter(self.stored_value(name))]
            if self.chance(0.1):
                operands.reverse()
            return f" {random.choice(['=', '<', '<=', '>', '>='] if kind else ['=', '<>'])} ".join(operands)
        if kind == 5 and (self.table.keys.types[name] != "N" or self.sloppy):
            return f"begins_with({self.name(name)}, {self.parameter(self.key_value(name))})"
        low, high = self.stored_value(name), self.stored_value(name)
        return f"{self.name(name)} BETWEEN {self.parameter(low)} AND {self.parameter(high)}"

    def query(self):
        request = self.begin()
        keys = self.choose_keys(request)
        parts = [f"{self.name(keys.partition)} = {self.parameter(self.stored_value(keys.partition))}"]
        if keys.sort and self.chance(0.6):
            parts.append(self.sort_condition(keys.sort))
        if self.sloppy and self.chance(0.1):
            parts.append(self.comparison())
        if self.chance(0.2):
            parts.reverse()
        if self.chance(0.1):
            parts = [f"({part})" for part in parts]
        request["KeyConditionExpression"] = self.maybe_spoil(self.random.choice([" AND ", " and "]).join(parts))
        if self.sloppy and self.chance(0.05):
            del request["KeyConditionExpression"]
        self.reading(request)
        if self.chance(0.4):
            request["ScanIndexForward"] = self.chance(0.3)
        if "IndexName" not in request and "ExclusiveStartKey" not in request and self.chance(0.1):
            request["ExclusiveStartKey"] = self.key()
        return self.tidy(request)

    def scan(self):
        request = self.begin()
        self.choose_keys(request)
        self.reading(request)
        if self.chance(0.2) and "ExclusiveStartKey" not in request:
            request["TotalSegments"] = self.random.randrange(1, 5)
            request["Segment"] = 0 if not (self.sloppy and self.chance(0.3)) else 5
        return self.tidy(request)

    # ---- at the limits ----

    def nested(self):
        value = self.value(0)
        for _ in range(self.random.randrange(30, 34)):
            value = {"L": [value]} if self.chance(0.5) else {"M": {"xx": value}}
        return value

    def long_condition(self):
        random = self.random
        kind = random.randrange(3)
        if kind == 0:
            return f"{self.path()} IN ({', '.join(self.parameter({'N': '1'}) for _ in range(random.choice([100, 101])))})"
        if kind == 1:
            text = f"{self.path(deep=False)} = {self.parameter(self.value())}"
            return text + " " * (4096 - len(text)) + random.choice(["", " "])
        name, value = self.name("aa"), self.parameter(self.value())
        return f" {random.choice(['OR', 'AND'])} ".join([f"{name}<>{value}"] * random.choice([150, 151]))

    def long_key(self):
        key = self.key()
        for name in key:
            size = 2048 if name == "pk" else 1024
            text = "k" * (size + self.random.choice([0, 0, 1]))
            key[name] = {"S": {"S": text}, "N": {"N": "1"}, "B": {"B": base64.b64encode(text.encode()).decode()}}[
                self.table.keys.types[name]]
        return key

    def full_item(self):
        """As large as an item may be, or a byte more. The condition never holds, so that it is not kept: reads would take long."""
        item = {**self.key(), "dd": self.value(3), "ee": self.value(3), "ff": {"S": ""}}
        item["ff"]["S"] = "x" * (ITEM_MAX - item_size(decode_item(item)) + self.random.choice([0, 1]))
        return "PutItem", {"TableName": self.table.name, "Item": item, "ConditionExpression": "attribute_exists(ff)"}

    def full_update(self):
        key = self.some_key()
        old = self.table.items.get(self.table.key_of(decode_item(key)), decode_item(key))
        room = ITEM_MAX - item_size({name: value for name, value in old.items() if name != "ff"}) - len("ff")
        value = {"S": "x" * (room + self.random.choice([0, 1]))}
        self.waiting.append(("DeleteItem", {"TableName": self.table.name, "Key": key}))
        return "UpdateItem", {"TableName": self.table.name, "Key": key, "UpdateExpression": "SET ff = :ff",
                              "ExpressionAttributeValues": {":ff": value}}

    def extreme(self):
        request = self.begin()
        self.sloppy = False
        self.look_at(None)
        kind = self.random.randrange(10)
        if kind == 0:
            return self.full_item()
        if kind == 1:
            return self.full_update()
        if kind < 5:
            request["FilterExpression"] = self.long_condition()
            return "Scan", self.finish(request)
        if kind < 7:
            request["Key"] = self.long_key()
            if kind == 5:
                return "GetItem", request
            self.waiting.append(("DeleteItem", dict(request)))
            return "UpdateItem", request
        if kind == 7:
            request["Item"] = {**self.key(), "dd": self.nested()}
            return "PutItem", request
        request["Key"] = self.some_key()
        known = self.known_of("LM")
        path = self.spell(known[0]) if known else self.path(deep=False, names=["dd", "ee"])
        request["UpdateExpression"] = f"SET {path} = {self.parameter(self.nested())}"
        return "UpdateItem", self.finish(request)

    def request(self):
        """(operation, request)"""
        if self.waiting:
            return self.waiting.pop()
        if self.chance(0.01):
            return self.extreme()
        few = len(self.table.items) < 12
        kind = self.random.choices(["PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "several"],
                                   [35 if few else 12, 35, 4 if few else 12, 10, 20, 8, 25])[0]
        if kind == "several":
            return several.request(self)
        methods = {"PutItem": self.put_item, "UpdateItem": self.update_item, "DeleteItem": self.delete_item,
                   "GetItem": self.get_item, "Query": self.query, "Scan": self.scan}
        return kind, methods[kind]()


