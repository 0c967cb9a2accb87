"""Requests for several items: batches and transactions. First random ones, then what the model answers.

An answer of the model is canonical already; canonical_answer makes leat's so. The model has one table: what batches and
transactions do over several tables is tests/blackbox's."""
import json

import values
from values import Misfit, Refused, canonical_item, encode_item

WRITES_MAX = 25
ACTIONS = {"Put": "Item", "Update": "Key", "Delete": "Key", "ConditionCheck": "Key"}
REQUIRED = {"Update": "UpdateExpression", "ConditionCheck": "ConditionExpression"}


# ---- requests ----

def request(generator):
    return generator.random.choices([batch_write, transact_write, transact_again, batch_get, transact_get], [5, 10, 2, 4, 4])[0](generator)


def with_care(generator, count, make):
    """make() that many times; now and then one of them has something wrong."""
    share, made = generator.sloppiness, []
    wrong = generator.random.randrange(count) if generator.chance(share) else None
    for at in range(count):
        generator.sloppiness = 1 if at == wrong else 0
        made.append(make())
    generator.sloppiness = share
    return made


def apart(generator, made, given):
    """Without those that have an item in common with an earlier one, mostly."""
    if generator.chance(0.05):
        return made
    seen, kept = set(), []
    for each in made:
        text = json.dumps({name: given(each).get(name) for name in generator.table.keys.names()}, sort_keys=True)
        if text not in seen:
            kept.append(each)
        seen.add(text)
    return kept


def given_in(inside):
    return inside.get("Item", inside.get("Key"))


def table_name(generator):
    return "no-such-table" if generator.chance(0.01) else generator.table.name


def batch_write(generator):
    def make():
        generator.begin()
        if generator.chance(0.35):
            return {"DeleteRequest": {"Key": generator.some_key()}}
        return {"PutRequest": {"Item": generator.item()}}

    count = generator.random.choice([1, 2, 3, 5, 8, 25]) if generator.chance(0.98) else 26
    writes = apart(generator, with_care(generator, count, make), lambda write: given_in(*write.values()))
    return "BatchWriteItem", {"RequestItems": {table_name(generator): writes}}


def action(generator):
    kind = generator.random.choice(["Put", "Put", "Update", "Update", "Update", "Delete", "ConditionCheck"])
    made = {"Put": generator.put_item, "Update": generator.update_item}.get(kind, generator.delete_item)()
    while kind == "ConditionCheck" and "ConditionExpression" not in made and generator.chance(0.98):
        made = generator.delete_item()
    made.pop("ReturnValues", None)
    return {kind: made}


def transact_write(generator):
    count = generator.random.choice([1, 1, 2, 2, 3, 5])
    actions = apart(generator, with_care(generator, count, lambda: action(generator)),
                    lambda each: given_in(*each.values()))
    made = {"TransactItems": actions}
    if generator.chance(0.3):
        made["ClientRequestToken"] = f"{generator.table.name}-{generator.random.randrange(1 << 20)}"
        generator.tokens = (generator.tokens + [made])[-3:]
    return "TransactWriteItems", made


def transact_again(generator):
    """One with a token that was asked before, or another with its token."""
    if not generator.tokens:
        return transact_write(generator)
    earlier = generator.random.choice(generator.tokens)
    if generator.chance(0.7):
        return "TransactWriteItems", turned(earlier)
    operation, made = transact_write(generator)
    return operation, {**made, "ClientRequestToken": earlier["ClientRequestToken"]}


def turned(value):
    """The same JSON with the members of its objects in another order."""
    if isinstance(value, dict):
        return {name: turned(inside) for name, inside in reversed(value.items())}
    return [turned(inside) for inside in value] if isinstance(value, list) else value


def keys(generator, most):
    count = generator.random.randrange(1, most + 1)
    return apart(generator, with_care(generator, count, lambda: (generator.begin(), generator.some_key())[1]), lambda key: key)


def batch_get(generator):
    asked = generator.begin()
    made = {"Keys": keys(generator, 12)}
    if generator.chance(0.4):
        generator.begin()
        made["ProjectionExpression"] = generator.maybe_spoil(generator.projection())
        asked = generator.finish({})
        made.update({name: asked[name] for name in ("ExpressionAttributeNames",) if name in asked})
    if generator.chance(0.3):
        made["ConsistentRead"] = True
    return "BatchGetItem", {"RequestItems": {table_name(generator): made}}


def transact_get(generator):
    def make():
        made = generator.get_item()
        made.pop("ConsistentRead", None)
        return {"Get": made}

    gets = apart(generator, with_care(generator, generator.random.choice([1, 2, 3, 6]), make), lambda get: get["Get"]["Key"])
    return "TransactGetItems", {"TransactItems": gets}


# ---- the model's answers ----

def refuse_first(faults):
    """Of several faults the form of the JSON comes first; among the others any may be told."""
    if not faults:
        return
    first = next((fault for fault in faults if fault.kind == "SerializationException"), faults[0])
    if first.kind != "SerializationException":
        first.others = {kind for fault in faults for kind in (fault.kind, *fault.others)}
    if len(faults) > 1:
        first.reasons = None
    raise first


def gather(parts, check):
    """check of every part: (results, faults)"""
    results, faults = [], []
    for part in parts:
        try:
            results.append(check(part))
        except Refused as fault:
            faults.append(fault)
    return results, faults


def twice(table, given):
    """The fault of an item that is in a request twice, in a list."""
    seen = [text_of(canonical_key(table, each)) for each in given]
    return [Refused(words="the same item twice")] if len(set(seen)) != len(seen) else []


def canonical_key(table, given):
    key = {name: given.get(name) for name in table.keys.names()}
    return canonical_item(encode_item(values.decode_item(key))) if all(key.values()) and fits_wire(key) else key


def one_table(table, asked):
    (name, inside), = asked["RequestItems"].items()
    return inside, [] if name == table.name else [Refused("ResourceNotFoundException")]


def batch_write_item(table, asked):
    writes, faults = one_table(table, asked)

    def check(write):
        (kind, inside), = write.items()
        if kind == "DeleteRequest":
            given, *_ = table.write({"TableName": table.name, **inside}, "Key")
            return table.key_of(given), None
        given, *_ = table.write({"TableName": table.name, **inside}, "Item")
        return table.key_of(given), given

    done, more = gather(writes, check)
    if len(writes) > WRITES_MAX:
        more.append(Refused(words="more than 25"))
    refuse_first(faults + more + twice(table, [given_in(*write.values()) for write in writes]))
    for key, item in done:
        table.keep(key, item)
    return {"UnprocessedItems": {}}


def batch_get_item(table, asked):
    inside, faults = one_table(table, asked)

    def check(key):
        found = table.get_item({"TableName": table.name, **inside, "Key": key})
        return found.get("Item")

    found, more = gather(inside["Keys"], check)
    refuse_first(faults + more + twice(table, inside["Keys"]))
    items = sorted(text_of(canonical_item(item)) for item in found if item is not None)
    return {"Responses": {table.name: items}, "UnprocessedKeys": {}}


def transact_get_items(table, asked):
    """A key that does not fit the table cancels, unless something else is wrong."""
    gets = [each["Get"] for each in asked["TransactItems"]]
    fitting = encode_item(table.any_key())
    _, beside = gather([{**get, "Key": fitting} for get in gets], table.get_item)
    if not all(fits_wire(get["Key"]) for get in gets):
        _, beside = gather(gets, table.get_item)
    keys = [get["Key"] for get in gets]
    empty = [Refused(words="empty key") for key in keys if any(value in ({"S": ""}, {"B": ""}) for value in key.values())]
    refuse_first(beside + empty + twice(table, keys))
    reasons = [("ValidationError" if gather([{"TableName": table.name, "Key": key}], table.get_item)[1] else "None", None) for key in keys]
    if any(code != "None" for code, _ in reasons):
        raise Refused("TransactionCanceledException", reasons=reasons)
    found = [table.get_item(get) for get in gets]
    return {"Responses": [{"Item": canonical_item(each["Item"])} if each.get("Item") else {} for each in found]}


def fits_wire(key):
    """Is it a proper value, whatever the table says?"""
    try:
        values.check_depth(values.decode_item(key))
    except Refused:
        return False
    return True


def text_of(value):
    return json.dumps(value, sort_keys=True)


def meaning(actions):
    """What makes two transactions the same: not how values are spelt."""
    return [[(kind, {name: values.decode_item(inside[name]) if name in ("Item", "Key", "ExpressionAttributeValues") else inside[name]
                     for name in inside if name != "ReturnValuesOnConditionCheckFailure"}) for kind, inside in each.items()]
            for each in actions]


def decide(table, kind, inside, parsed):
    """(what the item would be, reason)"""
    given, condition, update, _ = parsed
    try:
        old = table.decide(inside, given, condition)
        if kind == "Update":
            return table.updated(update, old or given), ("None", None)
    except Refused as fault:
        code = "ValidationError" if fault.kind == "ValidationException" else "ConditionalCheckFailed"
        return None, (code, canonical_item(fault.item) if fault.item else None)
    return {"Put": given, "Delete": None, "ConditionCheck": old}[kind], ("None", None)


def transact_write_items(table, asked):
    def check(each):
        (kind, inside), = each.items()
        return kind, inside, table.write(inside, ACTIONS[kind], updates=kind == "Update")

    actions, token = asked["TransactItems"], asked.get("ClientRequestToken")
    done, all_faults = gather(actions, check)
    faults = [fault for fault in all_faults if not isinstance(fault, Misfit)]
    if any(REQUIRED.get(kind, "TableName") not in inside for each in actions for kind, inside in each.items()):
        faults.append(Refused(words="a member is missing"))
    same_twice = twice(table, [given_in(*each.values()) for each in actions])
    if not faults and len(all_faults) > 0:
        raise Refused("TransactionCanceledException", reasons=[
            ("ValidationError" if gather([each], check)[1] else "None", None) for each in actions])
    refuse_first(faults + same_twice)
    taken = [table.key_of(parsed[0]) for _, _, parsed in done]
    if token in table.tokens:
        if table.tokens[token] != meaning(actions):
            raise Refused("IdempotentParameterMismatchException")
        return {}
    decided = [decide(table, *each) for each in done]
    reasons = [reason for _, reason in decided]
    if any(code != "None" for code, _ in reasons):
        raise Refused("TransactionCanceledException", reasons=reasons)
    for key, (new, _) in zip(taken, decided):
        table.keep(key, new)
    if token:
        table.tokens[token] = meaning(actions)
    return {}


METHODS = {"BatchWriteItem": batch_write_item, "BatchGetItem": batch_get_item, "TransactWriteItems": transact_write_items,
           "TransactGetItems": transact_get_items}


def canonical_answer(operation, answer):
    if operation == "BatchGetItem":
        return {**answer, "Responses": {name: sorted(text_of(canonical_item(item)) for item in items)
                                        for name, items in answer["Responses"].items()}}
    if operation == "TransactGetItems":
        return {"Responses": [{"Item": canonical_item(each["Item"])} if "Item" in each else each for each in answer["Responses"]]}
    return answer


def reasons_of(answer):
    return [(reason["Code"], canonical_item(reason["Item"]) if "Item" in reason else None)
            for reason in answer.get("CancellationReasons", [])]
