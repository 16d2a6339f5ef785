"""moto's server with our overlay: `python serve.py PORT`.

`PUT /overlay/ACCOUNT` with a JSON object switches behaviours of an account on and off, and
`PUT /overlay/ACCOUNT/clock` with a number of seconds sets its clock forward by so many.
"""

import json
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

import corrections
import overlay
from behaviours import BEHAVIOURS, DEFAULTS


class Overlay:
    """moto's application, with a way to switch behaviours in front of it."""

    def __init__(self):
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._accounts = {}

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"].startswith("/overlay/"):
            return self._switch(Request(environ))(environ, start_response)
        return self._moto(environ, start_response)

    def account(self, number):
        if number not in self._accounts:
            self._accounts[number] = overlay.Account(number, BEHAVIOURS, DEFAULTS)
        return self._accounts[number]

    def _switch(self, request):
        number, *clock = request.path.removeprefix("/overlay/").split("/")
        settings = json.loads(request.data or "{}")
        if clock:
            self.account(number).let_pass(settings)
            return Response(status=204)
        if unknown := settings.keys() - BEHAVIOURS.keys():
            return Response(f"no such behaviour: {', '.join(sorted(unknown))}\n", 400)
        self._accounts[number] = overlay.Account(number, BEHAVIOURS, DEFAULTS | settings)
        return Response(status=204)


def main(port):
    application = Overlay()
    corrections.install()
    overlay.install(application.account)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(int(sys.argv[1]))
