"""The main job: ./run on a part of the orders; and the handlers, given a batch twice."""
import pathlib
import re
import subprocess

import pytest

from program import ROOT, environment, free_port

pytestmark = pytest.mark.release_only


def run(base, *words):
    return subprocess.run([ROOT / "run", "--data", str(base), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=180, check=False, env=environment(CI="true"))


def rows(text):
    """title -> figures"""
    found = re.findall(r"^  (recount of orders|kept by \w+) +([\d, ]+)$", text, re.MULTILINE)
    return {title: figures.split() for title, figures in found}


def test_totals_equal_a_recount(tmp_path):
    done = run(tmp_path / "data", "--once", "--orders", "60", "--port", str(free_port()))
    assert done.returncode == 0, done.stdout + done.stderr
    totals = rows(done.stdout)
    assert set(totals) == {"recount of orders", "kept by python", "kept by node"}
    assert totals["kept by python"] == totals["kept by node"] == totals["recount of orders"]
    assert 40 <= int(totals["recount of orders"][0]) <= 60
    assert len(re.findall(r"p50 [\d.]+ ms, p99 [\d.]+ ms \(\d+ changes\)", done.stdout)) == 2
    assert not (tmp_path / "data/server.pid").exists()


def test_unequal_totals_fail(tmp_path):
    """A recount that cannot be met makes ./run fail: the report is not decoration."""
    report = (ROOT / "examples/orders/report.py").read_text()
    broken = tmp_path / "report.py"
    broken.write_text(report.replace('total["orders"] += 1', 'total["orders"] += 2'))
    done = run(tmp_path / "data", "--keep", "--orders", "5", "--seconds", "10", "--port", str(free_port()))
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        endpoint = re.search(r"http://127\.0\.0\.1:\d+", done.stdout)[0]
        words = [broken, "--endpoint", endpoint, "--notes", tmp_path / "data/notes.json", "--log-command", "true {}", "python"]
        judged = subprocess.run(["/usr/bin/python3", *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                                env=environment())
        assert judged.returncode == 1 and "TOTALS DIFFER" in judged.stdout
    finally:
        stopped = run(tmp_path / "data", "stop")
    assert stopped.returncode == 0 and not (tmp_path / "data/server.pid").exists()


def test_input_is_what_the_generator_makes(tmp_path):
    made = tmp_path / "orders.jsonl"
    subprocess.run(["/usr/bin/python3", ROOT / "examples/orders/generate.py", made], check=True)
    assert made.read_bytes() == pathlib.Path(ROOT / "examples/orders/orders.jsonl").read_bytes()
