"""Other servers of DynamoDB's protocol, installed into build/peers when bench/run is asked for them."""
import pathlib
import subprocess

PEERS = pathlib.Path(__file__).resolve().parent.parent / "build/peers"
DYNALITE, DYNAMODB_LOCAL = "4.0.0", "2.5.2"

# what a peer does not do of what is measured
REMARKS = {("dynalite", "put"): ", no stream, no sync"}

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>leat</groupId><artifactId>peers</artifactId><version>1</version>
<dependencies><dependency><groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId>
<version>{DYNAMODB_LOCAL}</version></dependency></dependencies></project>"""


def run(*words):
    subprocess.run(list(map(str, words)), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def install():
    """name -> command with {port} and {directory}"""
    return {"dynalite": dynalite(), "DynamoDB Local": dynamodb_local()}


def dynalite():
    place = PEERS / "dynalite"
    program = place / "node_modules/dynalite/cli.js"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", place, f"dynalite@{DYNALITE}")
    return ["node", program, "--port", "{port}", "--path", "{directory}", "--createTableMs", "0"]


def dynamodb_local():
    place = PEERS / "dynamodb-local"
    if not (place / "lib").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "pom.xml").write_text(POM)
        run("mvn", "-q", "-B", "-f", place / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={place}/lib")
    return ["sh", "-c", f"mkdir -p '{{directory}}' && cd '{{directory}}' && exec java -Dsqlite4java.library.path={place}/lib -cp '{place}/lib/*' "
            "com.amazonaws.services.dynamodbv2.local.main.ServerRunner -sharedDb -port {port} -dbPath '{directory}'"]
