"""Layers: code that functions share."""
import urllib.request

import pytest

from lambda_kit import ACCOUNT, PYTHON, client, error_of, invoke, node, packed, python, server_for, sha256, unique
from program import REGION, Program


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    yield from server_for(tmp_path_factory)


@pytest.fixture(name="functions", scope="module")
def fixture_functions(server):
    return client(server)


def publish(functions, files, name=None, **more):
    return functions.publish_layer_version(LayerName=name or unique("layer"), Content={"ZipFile": packed(files)}, **more)


def test_the_life_of_a_layer(functions):
    name = unique("layer")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}"
    files = {"python/shared.py": "def words(): return 'one'\n"}
    first = publish(functions, files, name, Description="d", CompatibleRuntimes=[PYTHON], LicenseInfo="MIT")
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (first["LayerArn"], first["LayerVersionArn"], first["Version"]) == (arn, arn + ":1", 1)
    assert first["Content"]["CodeSha256"] == sha256(packed(files)) and first["Content"]["CodeSize"] == len(packed(files))
    assert urllib.request.urlopen(first["Content"]["Location"], timeout=20).read() == packed(files)
    got = functions.get_layer_version(LayerName=name, VersionNumber=1)
    assert (got["Description"], got["CompatibleRuntimes"], got["LicenseInfo"]) == ("d", [PYTHON], "MIT")
    for _ in range(4):
        publish(functions, files, name)
    pages = functions.get_paginator("list_layer_versions").paginate(LayerName=name, PaginationConfig={"PageSize": 2})
    assert [each["Version"] for page in pages for each in page["LayerVersions"]] == [5, 4, 3, 2, 1]
    functions.delete_layer_version(LayerName=name, VersionNumber=5)
    functions.delete_layer_version(LayerName=name, VersionNumber=5)
    pages = functions.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 1})
    assert {each["LayerName"]: each["LatestMatchingVersion"]["Version"] for page in pages for each in page["Layers"]}[name] == 4
    assert publish(functions, files, name)["Version"] == 6, "numbers are not used again"
    assert error_of(functions.get_layer_version, LayerName=name, VersionNumber=5) == (
        404, "ResourceNotFoundException", "The resource you requested does not exist.")
    assert error_of(functions.publish_layer_version, LayerName="a b", Content={"ZipFile": b""})[1] == "ValidationException"
    assert error_of(publish, functions=functions, files={}, name=name)[1] == "InvalidParameterValueException"


def test_python_finds_what_layers_have(functions):
    first = publish(functions, {"python/shared.py": "WORDS = 'first'\n", "python/one.py": "N = 1\n"})["LayerVersionArn"]
    second = publish(functions, {f"python/lib/{PYTHON}/site-packages/two.py": "N = 2\n", "python/shared.py": "WORDS = 'second'\n",
                                 "bin/tool": ("#!/bin/sh\necho tool\n", 0o100755)})["LayerVersionArn"]
    name = python(functions, "import one, two, shared, subprocess\ndef handler(event, context):\n"
                  "    return [one.N, two.N, shared.WORDS, subprocess.check_output(['tool'], text=True).strip()]\n",
                  Layers=[first, second])
    assert [each["Arn"] for each in functions.get_function_configuration(FunctionName=name)["Layers"]] == [first, second]
    assert invoke(functions, name)[0] == [1, 2, "second", "tool"]
    functions.publish_version(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, Layers=[])
    assert "Layers" not in functions.get_function_configuration(FunctionName=name)
    assert functions.invoke(FunctionName=name)["FunctionError"] == "Unhandled"
    assert invoke(functions, name, Qualifier="1")[0][2] == "second", "a version keeps its layers"


def test_node_finds_what_layers_have(functions):
    layer = publish(functions, {"nodejs/node_modules/shared/index.js": "exports.n = 5;\n",
                                "nodejs/node20/node_modules/major/index.js": "exports.n = 6;\n"})["LayerVersionArn"]
    name = node(functions, "exports.handler = async () => [require('shared').n, require('major').n];\n", Layers=[layer])
    assert invoke(functions, name)[0] == [5, 6]


def test_layers_that_are_refused(functions):
    missing = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:nobody:1"
    assert error_of(python, functions=functions, text="", Layers=[missing]) == (
        400, "InvalidParameterValueException", f"Layer version {missing} does not exist.")
    layer = publish(functions, {"python/x.py": ""}, "six")["LayerVersionArn"]
    assert error_of(python, functions=functions, text="", Layers=[layer] * 6)[2] == "Cannot reference more than 5 layers."


def test_a_deleted_layer_stays_with_its_users(tmp_path):
    program = Program(tmp_path / "data").start()
    functions = client(program)
    used = publish(functions, {"python/shared.py": "N = 7\n"}, "used")
    publish(functions, {"python/shared.py": "N = 8\n"}, "unused")
    name = python(functions, "import shared\ndef handler(event, context): return shared.N\n", Layers=[used["LayerVersionArn"]])
    functions.delete_layer_version(LayerName="used", VersionNumber=1)
    functions.delete_layer_version(LayerName="unused", VersionNumber=1)
    assert functions.list_layers()["Layers"] == []
    assert len([each for each in (tmp_path / "data/functions/.layers").iterdir() if each.is_dir()]) == 1
    program.stop()
    program.start()
    assert invoke(client(program), name)[0] == 7
    program.stop()
