#!/usr/bin/env python3
"""Writes resource_types.json: the resource types that AWS's Cloud Control API can list by their name alone.

Source: the resource provider schemas that AWS publishes for CloudFormation, as they are inside cfn-lint 1.58.0 (schemas of 2026-10-20,
https://github.com/aws-cloudformation/cfn-lint, MIT No Attribution). Taken are those of us-east-1, China and GovCloud that say how to
list a type, unless listing takes a model of the resource that something is a part of. Only names and permissions are taken.

    python3 -m venv venv && venv/bin/pip install cfn-lint==1.58.0
    venv/bin/python data/aws/generate_resource_types.py            # writes resource_types.json next to this script

The file, one type a line, sorted:

    types.NAME.permissions    what the credentials have to be allowed for listing, beside cloudformation:ListResources
    types.NAME.tags           the property that holds the tags, if the type has any
    types.NAME.arn            the property that holds the ARN, if there is one
"""

import importlib.metadata
import json
import pathlib

import cfnlint

CFN_LINT = "1.58.0"
REGIONS = ["us-east-1", "cn-north-1", "us-gov-west-1"]
SCHEMAS = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas"


def line(schema):
    """What is kept of a schema; None if the type cannot be listed by its name alone."""
    listing = schema.get("handlers", {}).get("list")
    if listing is None:
        return None
    model = listing.get("handlerSchema", {})
    if model.get("required") or any(name in model for name in ("oneOf", "anyOf", "allOf")):
        return None
    found = {"permissions": sorted(set(listing["permissions"]))}
    tagging = schema.get("tagging", {})
    if isinstance(tagging, dict) and tagging.get("taggable", True):
        tags = tagging.get("tagProperty", "/properties/Tags").removeprefix("/properties/")
        if tags in schema["properties"]:
            found["tags"] = tags
    named = [name for name in schema["properties"] if name in ("Arn", schema["typeName"].split("::")[2] + "Arn")]
    if named:
        found["arn"] = sorted(named, key=len)[0]
    return found


def main():
    version = importlib.metadata.version("cfn-lint")
    assert version == CFN_LINT, f"expected cfn-lint {CFN_LINT}, found {version}"
    types = {}
    for region in REGIONS:
        for name, file in json.loads((SCHEMAS / "providers" / f"{region}.json").read_text()).items():
            if name.startswith("AWS::") and name not in types:
                types[name] = line(json.loads((SCHEMAS / "resources" / f"{file}.json").read_text()))
    kept = {name: found for name, found in types.items() if found}
    lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(kept[name], sort_keys=True, separators=(',', ':'))}" for name in sorted(kept))
    source = f"made by data/aws/generate_resource_types.py from the resource provider schemas inside cfn-lint {CFN_LINT}"
    text = f'{{"source":"{source}",\n"types":{{\n{lines}}}}}\n'
    json.loads(text)
    pathlib.Path(__file__).with_name("resource_types.json").write_text(text)


if __name__ == "__main__":
    main()
