"""Calls the function as its URL would."""

import json
from pathlib import Path

SNOWEX_API = Path(__file__).resolve().parents[2] / "stacks" / "functions" / "snowex-api"


class FakeSecretsManager:
    """Answers get_secret_value, and counts how often it was asked."""

    def __init__(self, arn, user, password):
        self.arn, self.user, self.password = arn, user, password
        self.reads = 0

    def get_secret_value(self, SecretId):
        assert SecretId == self.arn
        self.reads += 1
        return {"SecretString": json.dumps({"username": self.user, "password": self.password})}


class Response:
    def __init__(self, raw):
        self.status = raw["statusCode"]
        self.headers = raw["headers"]
        self.text = raw["body"]

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def error(self):
        return self.json["error"]["code"]

    def __repr__(self):
        return f"{self.status} {self.text[:2000]}"


def call(handler, path, query="", method="GET"):
    return Response(handler({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {},
        "requestContext": {"http": {"method": method, "path": path}},
        "isBase64Encoded": False,
    }, None))
