"""What a caller may learn of a failure."""

import json


class ApiError(Exception):
    """A failure with a status and a text that are meant for the caller."""

    def __init__(self, status, code, message, headers=None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self):
        return json.dumps({"error": {"code": self.code, "message": self.message}})
