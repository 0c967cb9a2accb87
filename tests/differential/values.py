"""Attribute values as Python sees them, and the rules for those that come in a request.

A value is (type, payload): S str, N Decimal, B bytes, BOOL bool, NULL None, SS, NS, BS frozenset, L list, M dict. Two values
are the same for DynamoDB when the tuples are equal. Source: Amazon DynamoDB API Reference, AttributeValue; Developer Guide,
"Naming rules and data types"."""
import base64
import binascii
import decimal
import re

EXACT = decimal.Context(prec=400, Emin=-999, Emax=999)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
DEPTH_MAX, ITEM_MAX = 32, 400 * 1024
DIGITS_MAX, LEAD_MAX, LEAD_MIN = 38, 125, -130


class Refused(Exception):
    """An answer that is an error; item: what ReturnValuesOnConditionCheckFailure gives; reasons: of a cancelled transaction, as
    (code, item) or None. others: kinds that are right too, when several things are wrong."""

    def __init__(self, kind="ValidationException", words="", item=None, reasons=None):
        super().__init__(f"{kind}: {words}")
        self.kind, self.item, self.reasons, self.others = kind, item, reasons, set()


class Misfit(Refused):
    """Keys that are not the table's or its indexes': in a transaction, a reason of the action."""


def settle(number):
    """A number as it is stored, or Refused."""
    if number == 0:
        return decimal.Decimal(0)
    number = EXACT.normalize(number)
    if not LEAD_MIN <= number.adjusted() <= LEAD_MAX:
        raise Refused(words="magnitude")
    if len(number.as_tuple().digits) > DIGITS_MAX:
        raise Refused(words="more than 38 digits")
    return number


def number_of(text):
    if not NUMBER.fullmatch(text):
        raise Refused(words="not a number")
    return settle(EXACT.create_decimal(text))


def bytes_of(text):
    if not isinstance(text, str):
        raise Refused("SerializationException")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("SerializationException") from None


def text_of(value):
    if not isinstance(value, str):
        raise Refused("SerializationException")
    return value


def set_of(elements, read):
    if not isinstance(elements, list):
        raise Refused("SerializationException")
    values = [read(element) for element in elements]
    if not values:
        raise Refused(words="empty set")
    if len(set(values)) != len(values):
        raise Refused(words="duplicates")
    return frozenset(values)


def boolean_of(value):
    if not isinstance(value, bool):
        raise Refused("SerializationException")
    return value


def null_of(value):
    if not boolean_of(value):
        raise Refused(words="NULL must be true")


READERS = {
    "S": text_of,
    "N": lambda value: number_of(text_of(value)),
    "B": bytes_of,
    "BOOL": boolean_of,
    "NULL": null_of,
    "SS": lambda value: set_of(value, text_of),
    "NS": lambda value: set_of(value, lambda element: number_of(text_of(element))),
    "BS": lambda value: set_of(value, bytes_of),
    "L": lambda value: [decode(element) for element in value],
    "M": lambda value: decode_item(value),
}


def decode(value):
    """From JSON as it is on the wire."""
    known = [kind for kind in value if kind in READERS]
    if len(known) != 1:
        for kind in known:
            check_shape(kind, value[kind])
        raise Refused(words="empty, or more than one type")
    return known[0], READERS[known[0]](value[known[0]])


def decode_item(item):
    return {name: decode(value) for name, value in item.items()}


def check_depth(item):
    if any(depth(value) > DEPTH_MAX for value in item.values()):
        raise Refused(words="nesting")


def check_shape(kind, value):
    """What is wrong with the JSON itself comes before everything that is wrong with values."""
    try:
        READERS[kind](value)
    except Refused as refused:
        if refused.kind == "SerializationException":
            raise


def check_shapes(value):
    """Refused for a SerializationException anywhere inside."""
    for kind, inside in value.items():
        if kind == "L":
            for element in inside:
                check_shapes(element)
        elif kind == "M":
            for element in inside.values():
                check_shapes(element)
        elif kind in READERS:
            check_shape(kind, inside)


def print_number(number):
    """As DynamoDB answers: digits without exponent, nothing superfluous."""
    return format(number, "f")


def encode(value):
    kind, payload = value
    if kind == "N":
        return {"N": print_number(payload)}
    if kind == "B":
        return {"B": base64.b64encode(payload).decode()}
    if kind == "NULL":
        return {"NULL": True}
    if kind == "SS":
        return {kind: sorted(payload)}
    if kind == "NS":
        return {kind: sorted(print_number(number) for number in payload)}
    if kind == "BS":
        return {kind: sorted(base64.b64encode(element).decode() for element in payload)}
    if kind == "L":
        return {kind: [encode(element) for element in payload]}
    if kind == "M":
        return {kind: encode_item(payload)}
    return {kind: payload}


def encode_item(item):
    return {name: encode(value) for name, value in item.items()}


def depth(value):
    """How many values are inside each other: 31 lists with a string in the innermost one are 32."""
    kind, payload = value
    if kind not in ("L", "M"):
        return 1
    return 1 + max(map(depth, payload.values() if kind == "M" else payload), default=0)


def number_size(number):
    """A byte for two digits that stand beside each other at even places, one for the magnitude, one for a minus."""
    _, digits, exponent = number.as_tuple()
    return 1 if number == 0 else 1 + (len(digits) + exponent % 2 + 1) // 2 + (number < 0)


def size(value):
    """Developer Guide, "DynamoDB item sizes and formats"."""
    kind, payload = value
    if kind == "N":
        return number_size(payload)
    if kind in ("S", "B"):
        return len(payload.encode() if kind == "S" else payload)
    if kind in ("SS", "NS", "BS"):
        return sum(size((kind[0], element)) for element in payload)
    if kind == "L":
        return 3 + sum(1 + size(element) for element in payload)
    if kind == "M":
        return 3 + len(payload) + item_size(payload)
    return 1


def item_size(item):
    return sum(len(name.encode()) + size(value) for name, value in item.items())


def order_key(value):
    """Sorts values of one type as keys are sorted: numbers by size, strings and binaries by bytes."""
    kind, payload = value
    return payload.encode() if kind == "S" else payload


def canonical(value):
    """JSON of an answer in an order of its own: sets have none."""
    (kind, payload), = value.items()
    if kind in ("SS", "NS", "BS"):
        return {kind: sorted(payload)}
    if kind == "L":
        return {kind: [canonical(element) for element in payload]}
    if kind == "M":
        return {kind: canonical_item(payload)}
    return value


def canonical_item(item):
    return {name: canonical(value) for name, value in item.items()}
