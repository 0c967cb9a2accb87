"""Numbers against Python's decimal: parsing, printing, sums, differences and the order of encodings, on many random pairs."""
import decimal, pathlib, random, subprocess
from decimal import Decimal

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAIRS = 120_000
decimal.getcontext().prec = 2000
decimal.getcontext().Emax = decimal.MAX_EMAX
decimal.getcontext().Emin = decimal.MIN_EMIN


@pytest.fixture(scope="module")
def driver():
    subprocess.run(["make", "-s", "build/tests/number_driver"], cwd=ROOT, check=True)
    return ROOT / "build/tests/number_driver"


def expected(value):
    """What leat must print for an exact value, or the word of its fault."""
    if value == 0: return "0"
    if value.adjusted() > 125: return "overflow"
    if value.adjusted() < -130: return "underflow"
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    if len(digits) > 38: return "digits"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def random_text(dice, lead):
    """A number whose leading digit stands near 10^lead, in one of the ways to write it."""
    count = dice.choice([1, 1, 2, 3, 5, 17, 18, 19, 20, 36, 37, 38, 38, 38, 39, 40])
    digits = dice.choice(["9" * count, "1" + "0" * (count - 1), "".join(dice.choices("0123456789", k=count)), "1" + "0" * (count - 2) + "1" if count > 1 else "5"])
    sign = dice.choice(["", "", "-", "+"])
    style = dice.randrange(4)
    if style == 0: return f"{sign}{digits}e{lead - count + 1}"
    if style == 1: return f"{sign}{digits[0]}.{digits[1:] or '0'}E{lead:+d}"
    if style == 2 and 0 <= lead < 130: return f"{sign}00{digits}" + "0" * (lead - count + 1) if lead >= count - 1 else f"{sign}{digits[:lead + 1]}.{digits[lead + 1:]}"
    if style == 3 and -135 < lead < 0: return f"{sign}0.{'0' * (-lead - 1)}{digits}000"
    return f"{sign}.{digits}e{lead + 1}"


def pairs():
    dice = random.Random(20251121)
    for _ in range(PAIRS):
        lead = dice.choice([dice.randint(-170, 130), dice.randint(-45, 45), dice.choice([-131, -130, -129, 124, 125, 126])])
        other = lead + dice.choice([0, 0, 0, 1, -1, dice.randint(-45, 45), dice.randint(-300, 300)])
        yield random_text(dice, lead), random_text(dice, other)


def test_numbers_agree_with_decimal(driver):
    asked = list(pairs())
    text = "".join(f"{a} {b}\n" for a, b in asked)
    answers = subprocess.run([driver], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == len(asked)
    seen = {"overflow": 0, "underflow": 0, "digits": 0, "sums": 0}
    for (a_text, b_text), answer in zip(asked, answers):
        a, b, got = Decimal(a_text), Decimal(b_text), answer.split()
        wanted = [expected(a), expected(b)]
        if not {"overflow", "underflow", "digits"} & set(wanted):
            wanted += [expected(a + b), expected(a - b), str((a > b) - (a < b))]
            x, y = bytes.fromhex(got[5]), bytes.fromhex(got[6])
            assert (x > y) - (x < y) == (a > b) - (a < b), f"order of {a_text} and {b_text}"
            assert x == y or not (x.startswith(y) or y.startswith(x))
            assert 2 <= len(x) <= 21
            for word in wanted[2:4]: seen[word if word in seen else "sums"] += 1
        assert got[:5] == wanted, f"{a_text} {b_text}"
    # the dice must reach every kind of result, in numbers
    assert all(count > 50 for count in seen.values()), seen
    assert seen["sums"] > 20_000, seen
