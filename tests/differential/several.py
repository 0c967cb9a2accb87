"""Requests for several items: batches and transactions. First random ones, then what the model answers.

They go over both tables of a lane. An answer of the model is canonical already; canonical_answer makes leat's so."""
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


def visiting(generator, make):
    """make() for one of the lane's tables."""
    home = generator.table
    generator.table = generator.random.choice([home, *home.family.values()])
    made = make()
    generator.table = home
    return made


def apart(generator, made, given):
    """Without those that have an item in common with an earlier one, mostly."""
    if generator.chance(0.05):
        return made
    seen, kept = set(), []
    for each in made:
        inside = given(each)
        table = routed(generator.table, inside.get("TableName"))
        text = table.name + text_of({name: given_in(inside).get(name) for name in table.keys.names()})
        if text not in seen:
            kept.append(each)
        seen.add(text)
    return kept


def given_in(inside):
    return inside.get("Item", inside.get("Key"))


def inside_of(each):
    (_, inside), = each.items()
    return inside


def routed(table, name):
    """The lane's table of that name; any one says that there is none."""
    return table.family.get(name, table)


def by_table(generator, make):
    """RequestItems: what make() gives for one table or both."""
    home, asked = generator.table, {}
    tables = [home] if generator.chance(0.7) else generator.random.sample(list(home.family.values()), 2)
    for generator.table in tables:
        asked["no-such-table" if generator.chance(0.01) else generator.table.name] = make(generator)
    generator.table = home
    return {"RequestItems": asked}


def batch_write(generator):
    return "BatchWriteItem", by_table(generator, writes_of_table)


def writes_of_table(generator):
    def make():
        generator.begin()
        if generator.chance(0.35):
            return {"DeleteRequest": {"Key": generator.some_key()}}
        return {"PutRequest": {"Item": generator.item()}}

    count = generator.random.choice([1, 2, 3, 5, 8, 25]) if generator.chance(0.98) else 26
    return apart(generator, with_care(generator, count, make), inside_of)


def action(generator):
    kind = generator.random.choice(["Put", "Put", "Update", "Update", "Update", "Delete", "ConditionCheck"])
    made = {"Put": generator.put_item, "Update": generator.update_item}.get(kind, generator.delete_item)()
    while kind == "ConditionCheck" and "ConditionExpression" not in made and generator.chance(0.98):
        made = generator.delete_item()
    made.pop("ReturnValues", None)
    return {kind: made}


def transact_write(generator):
    count = generator.random.choice([1, 1, 2, 2, 3, 5])
    actions = apart(generator, with_care(generator, count, lambda: visiting(generator, lambda: action(generator))), inside_of)
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
    return apart(generator, with_care(generator, count, lambda: (generator.begin(), generator.some_key())[1]), lambda key: {"Key": key})


def batch_get(generator):
    return "BatchGetItem", by_table(generator, keys_of_table)


def keys_of_table(generator):
    made = {"Keys": keys(generator, 12)}
    if generator.chance(0.4):
        generator.begin()
        made["ProjectionExpression"] = generator.maybe_spoil(generator.projection())
        asked = generator.finish({})
        made.update({name: asked[name] for name in ("ExpressionAttributeNames",) if name in asked})
    if generator.chance(0.3):
        made["ConsistentRead"] = True
    return made


def transact_get(generator):
    def make():
        made = generator.get_item()
        made.pop("ConsistentRead", None)
        return {"Get": made}

    gets = with_care(generator, generator.random.choice([1, 2, 3, 6]), lambda: visiting(generator, make))
    return "TransactGetItems", {"TransactItems": apart(generator, gets, inside_of)}


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


def twice(placed):
    """The fault of an item that is in a request twice, in a list. placed: (table, Key or Item)"""
    seen = [table.name + text_of(canonical_key(table, given)) for table, given in placed]
    return [Refused(words="the same item twice")] if len(set(seen)) != len(seen) else []


def canonical_key(table, given):
    key = {name: given.get(name) for name in table.keys.names()}
    return canonical_item(encode_item(values.decode_item(key))) if all(key.values()) and fits_wire(key) else key


def batch(table, asked, requests_in, check):
    """(table, request, what check(table, request) gives) of all requests; every fault first."""
    placed, faults = [], []
    for name, inside in asked["RequestItems"].items():
        if name not in table.family:
            faults.append(Refused("ResourceNotFoundException"))
        placed += [(routed(table, name), inside, each) for each in requests_in(inside)]
    results, more = gather(placed, lambda each: check(*each))
    return placed, results, faults + more


def batch_write_item(table, asked):
    def check(home, _, write):
        (kind, inside), = write.items()
        given, *_ = home.write({"TableName": home.name, **inside}, "Key" if kind == "DeleteRequest" else "Item")
        return home, home.key_of(given), None if kind == "DeleteRequest" else given

    placed, done, faults = batch(table, asked, lambda inside: inside, check)
    if len(placed) > WRITES_MAX:
        faults.append(Refused(words="more than 25"))
    refuse_first(faults + twice([(home, given_in(inside_of(write))) for home, _, write in placed]))
    for home, key, item in done:
        home.keep(key, item)
    return {"UnprocessedItems": {}}


def batch_get_item(table, asked):
    def check(home, inside, key):
        return home, home.get_item({"TableName": home.name, **inside, "Key": key}).get("Item")

    placed, found, faults = batch(table, asked, lambda inside: inside["Keys"], check)
    refuse_first(faults + twice([(home, key) for home, _, key in placed]))
    responses = {name: [] for name in asked["RequestItems"]}
    for home, item in found:
        if item is not None:
            responses[home.name].append(text_of(canonical_item(item)))
    return {"Responses": {name: sorted(items) for name, items in responses.items()}, "UnprocessedKeys": {}}


def transact_get_items(table, asked):
    """A key that does not fit the table cancels, unless something else is wrong."""
    gets = [(routed(table, inside_of(each)["TableName"]), inside_of(each)) for each in asked["TransactItems"]]
    get_item = lambda each: each[0].get_item(each[1])
    fitting = gets
    if all(fits_wire(get["Key"]) for _, get in gets):
        fitting = [(home, {**get, "Key": encode_item(home.any_key())}) for home, get in gets]
    empty = [Refused(words="empty key") for _, get in gets if any(value in ({"S": ""}, {"B": ""}) for value in get["Key"].values())]
    refuse_first(gather(fitting, get_item)[1] + empty + twice([(home, get["Key"]) for home, get in gets]))
    bare = [(home, {"TableName": home.name, "Key": get["Key"]}) for home, get in gets]
    reasons = [("ValidationError" if gather([each], get_item)[1] else "None", None) for each in bare]
    if any(code != "None" for code, _ in reasons):
        raise Refused("TransactionCanceledException", reasons=reasons)
    found = [get_item(each) for each in gets]
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


def decide(home, kind, inside, parsed):
    """(what the item would be, reason)"""
    given, condition, update, _ = parsed
    try:
        old = home.decide(inside, given, condition)
        if kind == "Update":
            return home.updated(update, old or given), ("None", None)
    except Refused as fault:
        code = "ValidationError" if fault.kind == "ValidationException" else "ConditionalCheckFailed"
        return None, (code, canonical_item(fault.item) if fault.item else None)
    return {"Put": given, "Delete": None, "ConditionCheck": old}[kind], ("None", None)


def transact_write_items(table, asked):
    def check(each):
        (kind, inside), = each.items()
        home = routed(table, inside["TableName"])
        return home, kind, inside, home.write(inside, ACTIONS[kind], updates=kind == "Update")

    actions, token = asked["TransactItems"], asked.get("ClientRequestToken")
    done, all_faults = gather(actions, check)
    faults = [fault for fault in all_faults if not isinstance(fault, Misfit)]
    if any(REQUIRED.get(kind, "TableName") not in inside for each in actions for kind, inside in each.items()):
        faults.append(Refused(words="a member is missing"))
    if not faults and all_faults:
        raise Refused("TransactionCanceledException", reasons=[
            ("ValidationError" if gather([each], check)[1] else "None", None) for each in actions])
    placed = [(routed(table, inside_of(each)["TableName"]), given_in(inside_of(each))) for each in actions]
    refuse_first(faults + twice(placed))
    if token in table.tokens:
        if table.tokens[token] != meaning(actions):
            raise Refused("IdempotentParameterMismatchException")
        return {}
    decided = [decide(*each) for each in done]
    reasons = [reason for _, reason in decided]
    if any(code != "None" for code, _ in reasons):
        raise Refused("TransactionCanceledException", reasons=reasons)
    for (home, _, _, parsed), (new, _) in zip(done, decided):
        home.keep(home.key_of(parsed[0]), new)
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
