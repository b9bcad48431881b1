"""Judges YAML documents by a JSON Schema, as an editor would.

Reads lines "<schema path> TAB <document path>" from standard input and answers each with
"valid" or "invalid TAB <why>". Scalars are kept as the loader sees them: plain whole numbers and
plain true and false have their types, nothing else is guessed.
"""

import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.BaseLoader):
    """Text as it stands, and a key given twice is an error."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError("a key stands twice")
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node):
        text = super().construct_scalar(node)
        if node.style is not None:
            return text
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text in ("true", "false"):
            return text == "true"
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def text_keys(value):
    """JSON has text keys only."""
    if isinstance(value, dict):
        return {str(key): text_keys(one) for key, one in value.items()}
    if isinstance(value, list):
        return [text_keys(one) for one in value]
    return value


def judged(validator, path):
    try:
        with open(path, encoding="utf-8") as file:
            document = text_keys(yaml.load(file, Loader))
    except yaml.YAMLError as error:
        return "invalid\tnot YAML: " + str(error).replace("\n", " ")
    for error in validator.iter_errors(document):
        return "invalid\t" + "/".join(map(str, error.absolute_path)) + ": " + error.message[:200]
    return "valid"


def main():
    validators = {}
    for line in sys.stdin:
        schema_path, path = line.rstrip("\n").split("\t")
        if schema_path not in validators:
            with open(schema_path, encoding="utf-8") as file:
                schema = json.load(file)
            jsonschema.Draft202012Validator.check_schema(schema)
            validators[schema_path] = jsonschema.Draft202012Validator(schema)
        print(judged(validators[schema_path], path))


main()
