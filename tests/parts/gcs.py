"""Answers as the XML interface of Google Cloud Storage: moto's S3, under the names that Google has for headers.

    python gcs.py PORT

Google's interface is that of S3 but for the names of its headers and its bearer tokens, which are not looked at here.
"""

import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


# What moto, which checks no signature, takes for the owner of all objects.
SOMEBODY = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Translated:
    """An application that is spoken to with `x-goog-` headers and knows those with `x-amz-`."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        environ["HTTP_AUTHORIZATION"] = SOMEBODY
        for name in [name for name in environ if name.startswith("HTTP_X_GOOG_")]:
            environ[name.replace("_GOOG_", "_AMZ_", 1)] = environ.pop(name)

        def start(status, headers, *rest):
            renamed = [(name.lower().replace("x-amz-", "x-goog-", 1), value) for name, value in headers]
            return start_response(status, renamed, *rest)

        return self.application(environ, start)


if __name__ == "__main__":
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), Translated(application), threaded=True)
