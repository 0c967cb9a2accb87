"""Notes when it was entered, and for which items."""
import os
import time

notes = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def handler(event, context):
    entered = time.monotonic_ns()
    names = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    os.write(notes, f"{entered} {' '.join(names)}\n".encode())
