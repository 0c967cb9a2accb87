"""The AWS SDK for JavaScript: runs tests/javascript/*.test.mjs with Node's own test runner."""
import subprocess

import pytest

from program import ROOT, environment

PLACE = ROOT / "tests/javascript"


@pytest.mark.parametrize("file", sorted(path.name for path in PLACE.glob("*.test.mjs")))
def test_javascript(leat, file):
    subprocess.run([ROOT / "tools/install-node-modules", "tests/javascript"], check=True)
    run = subprocess.run(["node", "--test", "--test-reporter=tap", file], cwd=PLACE, capture_output=True, text=True, timeout=120,
                         check=False, env=environment(LEAT_ENDPOINT=leat.endpoint))
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert "\n# fail 0\n" in run.stdout and "\n# pass 0\n" not in run.stdout
