"""A table as DynamoDB has it, in a dict. Answers are JSON as on the wire; what is refused raises Refused.

The order of the checks matters only where it decides about the type of the error: the form of the JSON (SerializationException),
the request by itself (ValidationException), the table (ResourceNotFoundException), the request against the table's keys
(ValidationException), the condition (ConditionalCheckFailedException), what the update makes of the item (ValidationException)."""
from dataclasses import dataclass, field

import expressions
import values
from values import ITEM_MAX, Misfit, Refused, check_depth, encode_item, item_size, order_key

RETURNS = ("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")
SELECTS = ("ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT")


@dataclass
class Keys:
    """Of a table or an index: names, and types by name."""
    partition: str
    sort: str | None
    types: dict

    def names(self):
        return [name for name in (self.partition, self.sort) if name]

    def fits(self, item):
        return all(name in item and item[name][0] == self.types[name] for name in self.names())


@dataclass
class Index:
    name: str
    keys: Keys
    local: bool
    projection: str
    include: list = field(default_factory=list)


PARTITION_KEY_MAX, SORT_KEY_MAX = 2048, 1024


def decode_item(item):
    decoded = values.decode_item(item)
    check_depth(decoded)
    return decoded


def is_empty(value):
    return value[0] in ("S", "B") and not value[1]


class Page:
    """What a query or scan is to answer: all rows that it looks at, in order, and what is kept of each (None: filtered out).

    complete: false when it begins at a key behind which only DynamoDB knows what comes."""

    def __init__(self, rows, kept, keys, ordered):
        self.rows, self.kept, self.keys, self.ordered, self.complete = rows, kept, keys, ordered, True


class Table:
    def __init__(self, name, keys, indexes):
        self.name, self.keys = name, keys
        self.indexes = {index.name: index for index in indexes}
        self.items = {}
        self.changes = []  # (key, old, new): what the stream is to tell
        self.tokens = {}  # of transactions: what was asked
        self.family = {name: self}  # tables by name; they have the tokens in common

    def key_of(self, item):
        """A hashable key."""
        return tuple(item[name] for name in self.keys.names())

    # ---- what all requests have ----

    def expressions(self, request, conditions=(), updates=(), projections=()):
        """Parsed, by the member's name; absent ones are None."""
        members = tuple(conditions) + tuple(updates) + tuple(projections)
        names, given = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
        if not any(member in request for member in members):
            if names is not None or given is not None:
                raise Refused(words="names or values without an expression")
            return dict.fromkeys(members)
        if names == {} or given == {} or any(not text for text in (names or {}).values()):
            raise Refused(words="empty names or values")
        environment = expressions.Environment(names, decode_item(given) if given is not None else None)
        parsed = dict.fromkeys(members)
        for member in members:
            if member not in request:
                continue
            if member in conditions:
                parsed[member] = expressions.ConditionParser(request[member], environment).parse()
            elif member in updates:
                parsed[member] = expressions.UpdateParser(request[member], environment).parse()
            else:
                parsed[member] = expressions.parse_projection(request[member], environment)
        environment.finish()
        return parsed

    def need(self, request):
        if request["TableName"] != self.name:
            raise Refused("ResourceNotFoundException")

    def check_key(self, key):
        if set(key) != set(self.keys.names()) or not self.keys.fits(key):
            raise Misfit(words="key")
        if any(map(is_empty, key.values())):
            raise Refused(words="empty key")
        self.check_sizes(self.keys, key)

    def check_item(self, item):
        """Against the table's keys and the indexes'."""
        if not self.keys.fits(item):
            raise Misfit(words="key of the item")
        if any(is_empty(item[name]) for name in self.keys.names()):
            raise Refused(words="empty key of the item")
        self.check_sizes(self.keys, item)
        for keys in self.index_keys():
            if any(name in item and item[name][0] != keys.types[name] for name in keys.names()):
                raise Misfit(words="index key")
        for keys in self.index_keys():
            self.check_sizes(keys, item)
            if any(name in item and is_empty(item[name]) for name in keys.names()):
                raise Refused(words="empty index key")
        if item_size(item) + self.local_size(item) > ITEM_MAX:
            raise Refused(words="size with the entries in local indexes")

    def projected(self, index):
        return set(self.keys.names() + index.keys.names() + (index.include if index.projection == "INCLUDE" else []))

    def local_size(self, item):
        """Of the item's entries in local indexes. Developer Guide, "Quotas"."""
        entries = [index for index in self.indexes.values() if index.local and index.keys.fits(item)]
        return sum(item_size({name: value for name, value in item.items()
                              if index.projection == "ALL" or name in self.projected(index)}) for index in entries)

    def index_keys(self):
        return [index.keys for index in self.indexes.values()]

    def check_sizes(self, keys, item):
        for name, most in ((keys.partition, PARTITION_KEY_MAX), (keys.sort, SORT_KEY_MAX)):
            if name in item and item[name][0] != "N" and values.size(item[name]) > most:
                raise Refused(words="size of a key")

    def check_inside_keys(self, paths):
        names = {name for keys in [self.keys, *self.index_keys()] for name in keys.names()}
        if any(len(path) > 1 and path[0] in names for path in paths):
            raise Refused(words="inside a key")

    def check_update_values(self, update):
        types = {name: keys.types[name] for keys in self.index_keys() for name in keys.names()}
        for clause, path, node in update.actions:
            if clause == "SET" and len(path) == 1 and path[0] in types and node.kind == "value":
                if node.items[0][0] == types[path[0]] and is_empty(node.items[0]):
                    raise Refused(words="an index key is set to nothing")

    # ---- writes ----

    def write(self, request, item_or_key, updates=False):
        check_shapes(request)
        returns = request.get("ReturnValues", "NONE")
        if returns not in (RETURNS if updates else RETURNS[:2]):
            raise Refused(words="ReturnValues")
        if request.get("ReturnValuesOnConditionCheckFailure", "NONE") not in ("NONE", "ALL_OLD"):
            raise Refused(words="ReturnValuesOnConditionCheckFailure")
        given = decode_item(request[item_or_key])
        parsed = self.expressions(request, ["ConditionExpression"], ["UpdateExpression"] if updates else [])
        if item_or_key == "Item" and item_size(given) > ITEM_MAX:
            raise Refused(words="size")
        self.need(request)
        if item_or_key == "Item":
            self.check_item(given)
        else:
            self.check_key(given)
        condition, update = parsed["ConditionExpression"], parsed.get("UpdateExpression")
        paths = list(expressions.paths_of(condition)) if condition else []
        if update:
            if any(path[0] in self.keys.names() for path in update.paths):
                raise Refused(words="part of the key")
            paths += list(update.paths) + list(update.read_paths())
            self.check_update_values(update)
        self.check_inside_keys(paths)
        return given, condition, update, returns

    def join(self, other):
        """Transactions may now be about both."""
        self.family[other.name] = other
        other.family, other.tokens = self.family, self.tokens

    def any_key(self):
        """One that fits."""
        return {name: {"S": ("S", "a"), "N": ("N", values.settle(1)), "B": ("B", b"a")}[self.keys.types[name]]
                for name in self.keys.names()}

    def keep(self, key, new):
        """new: the item, or None. What changes nothing leaves no record."""
        old = self.items.get(key)
        if new == old:
            return
        self.changes.append((key, old, new))
        if new is None:
            del self.items[key]
        else:
            self.items[key] = new

    def decide(self, request, given, condition):
        """The item that is there."""
        old = self.items.get(self.key_of(given))
        if condition and not expressions.test(condition, old or {}):
            shown = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and old is not None
            raise Refused("ConditionalCheckFailedException", item=encode_item(old) if shown else None)
        return old

    def put_item(self, request):
        item, condition, _, returns = self.write(request, "Item")
        old = self.decide(request, item, condition)
        self.keep(self.key_of(item), item)
        return {"Attributes": encode_item(old)} if returns == "ALL_OLD" and old is not None else {}

    def delete_item(self, request):
        key, condition, _, returns = self.write(request, "Key")
        old = self.decide(request, key, condition)
        self.keep(self.key_of(key), None)
        return {"Attributes": encode_item(old)} if returns == "ALL_OLD" and old is not None else {}

    def updated(self, update, item):
        if update is None:
            return item
        new = expressions.apply_update(update, item)
        check_depth(new)
        if item_size(new) > ITEM_MAX:
            raise Refused(words="size")
        self.check_item(new)
        return new

    def update_item(self, request):
        key, condition, update, returns = self.write(request, "Key", updates=True)
        old = self.decide(request, key, condition)
        new = self.updated(update, old or key)
        self.keep(self.key_of(key), new)
        shown = {"NONE": None, "ALL_OLD": old, "ALL_NEW": new, "UPDATED_OLD": old, "UPDATED_NEW": new}[returns]
        if shown is not None and returns.startswith("UPDATED"):
            shown = expressions.project(update.paths, shown) if update else None
        return {"Attributes": encode_item(shown)} if shown else {}

    # ---- reads ----

    def get_item(self, request):
        check_shapes(request)
        key = decode_item(request["Key"])
        parsed = self.expressions(request, projections=["ProjectionExpression"])
        self.need(request)
        self.check_key(key)
        paths = parsed["ProjectionExpression"]
        self.check_inside_keys(paths or [])
        item = self.items.get(self.key_of(key))
        if item is None:
            return {}
        return {"Item": encode_item(expressions.project(paths, item) if paths else item)}

    def source(self, request, paths):
        """The index, its keys, and what a row of it shows of an item."""
        select = request.get("Select")
        if "IndexName" not in request:
            return None, self.keys, lambda item: item
        index = self.indexes.get(request["IndexName"])
        if index is None:
            raise Refused(words="no such index")
        if not index.local and request.get("ConsistentRead"):
            raise Refused(words="consistent read of a global index")
        if index.projection == "ALL":
            return index, index.keys, lambda item: item
        shown = self.projected(index)
        more = select == "ALL_ATTRIBUTES" or any(path[0] not in shown for path in paths or ())
        if more and not index.local:
            raise Refused(words="not projected")
        return index, index.keys, (lambda item: item) if more else lambda item: {name: item[name] for name in item if name in shown}

    def read(self, request, scans):
        """Checks a Query or Scan up to ExclusiveStartKey."""
        check_shapes(request)
        if request.get("Limit", 1) < 1 or request.get("Select", "COUNT") not in SELECTS:
            raise Refused(words="Limit or Select")
        select, projected = request.get("Select"), "ProjectionExpression" in request
        start = decode_item(request["ExclusiveStartKey"]) if "ExclusiveStartKey" in request else None
        if not scans and "KeyConditionExpression" not in request:
            raise Refused(words="no key condition")
        if projected and select not in (None, "SPECIFIC_ATTRIBUTES") or select == "SPECIFIC_ATTRIBUTES" and not projected:
            raise Refused(words="Select and projection")
        if select == "ALL_PROJECTED_ATTRIBUTES" and "IndexName" not in request:
            raise Refused(words="Select without an index")
        if scans and not 0 <= request.get("Segment", 0) < request.get("TotalSegments", 1):
            raise Refused(words="Segment")
        parsed = self.expressions(request, ["FilterExpression"] + ([] if scans else ["KeyConditionExpression"]),
                                  projections=["ProjectionExpression"])
        key_condition = parsed.get("KeyConditionExpression")
        comparisons = expressions.key_comparisons(key_condition) if key_condition else None
        self.need(request)
        return parsed, comparisons, start

    def check_start(self, start, keys):
        names = set(self.keys.names() + keys.names())
        if set(start) != names or not (self.keys.fits(start) and keys.fits(start)):
            raise Refused(words="starting key")

    def page(self, parsed, rows, show, keys, ordered):
        condition, paths = parsed["FilterExpression"], parsed["ProjectionExpression"]
        self.check_inside_keys(list(paths or []) + (list(expressions.paths_of(condition)) if condition else []))
        kept = []
        for item in rows:
            seen = show(item)
            if condition and not expressions.test(condition, seen):
                kept.append(None)
            else:
                kept.append(encode_item(expressions.project(paths, seen) if paths else seen))
        return Page(rows, kept, set(self.keys.names() + keys.names()), ordered)

    def query(self, request):
        parsed, comparisons, start = self.read(request, False)
        index, keys, show = self.source(request, parsed["ProjectionExpression"])
        condition = parsed["FilterExpression"]
        if condition and any(path[0] in keys.names() for path in expressions.paths_of(condition)):
            raise Refused(words="key in the filter")
        by_name = {name: (relation, operands) for name, relation, operands in comparisons}
        if set(by_name) - set(keys.names()) or by_name.get(keys.partition, (None,))[0] != "=":
            raise Refused(words="key condition and schema")
        for name, (_, operands) in by_name.items():
            if any(operand[0] != keys.types[name] or is_empty(operand) for operand in operands):
                raise Refused(words="type of a key condition")

        def within(item):
            return all(expressions.key_test(relation, operands, item[name]) for name, (relation, operands) in by_name.items())

        rows = [item for item in self.items.values() if keys.fits(item) and within(item)]
        forward = request.get("ScanIndexForward", True)
        if keys.sort:
            rows.sort(key=lambda item: order_key(item[keys.sort]), reverse=not forward)
        if start is not None:
            self.check_start(start, keys)
            if not within(start):
                raise Refused(words="starting key outside")
            if index is None:
                begin = order_key(start[keys.sort]) if keys.sort else None
                rows = [item for item in rows if keys.sort and (order_key(item[keys.sort]) > begin if forward
                                                                 else order_key(item[keys.sort]) < begin)]
        page = self.page(parsed, rows, show, keys, keys.sort)
        page.complete = start is None or index is None
        return page

    def scan(self, request):
        """Segments are not told apart: a page has the rows of all of them."""
        parsed, _, start = self.read(request, True)
        _, keys, show = self.source(request, parsed["ProjectionExpression"])
        if start is not None:
            self.check_start(start, keys)
        page = self.page(parsed, [item for item in self.items.values() if keys.fits(item)], show, keys, None)
        page.complete = start is None
        return page


def check_shapes(request):
    for member in ("Item", "Key", "ExpressionAttributeValues", "ExclusiveStartKey"):
        for value in request.get(member, {}).values():
            values.check_shapes(value)
