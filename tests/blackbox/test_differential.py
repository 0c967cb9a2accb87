"""Short runs of the differential fuzzer: one seed that stays, one that is new every time (a failure says which)."""
import subprocess

import pytest

from program import PROGRAM, ROOT, environment


@pytest.mark.parametrize("seed", [["--seed", "1"], []], ids=["fixed", "fresh"])
def test_random_requests_are_answered_as_by_the_model(seed):
    run = subprocess.run([ROOT / "tests/differential/fuzz.py", "--requests", "3000", *seed], capture_output=True, text=True,
                         timeout=300, check=False, env=environment(LEAT_PROGRAM=PROGRAM))
    assert run.returncode == 0, run.stdout[:20000] + run.stderr[-5000:]
    assert int(run.stdout.split("\n")[1].split()[0]) >= 3000
