"""Serves the XML API of Google Cloud Storage with moto's S3 server.

    python gcs.py PORT

Google's API differs from S3 in the names of headers, which are translated, and in its tokens, which are not checked.
"""

import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


# moto needs the form of an S3 signature, but does not verify it.
ANY_SIGNATURE = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Translated:
    """Translates `x-goog-` headers of requests to `x-amz-`, and back in responses."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        environ["HTTP_AUTHORIZATION"] = ANY_SIGNATURE
        for name in [name for name in environ if name.startswith("HTTP_X_GOOG_")]:
            environ[name.replace("_GOOG_", "_AMZ_", 1)] = environ.pop(name)

        def start(status, headers, *rest):
            renamed = [(name.lower().replace("x-amz-", "x-goog-", 1), value) for name, value in headers]
            return start_response(status, renamed, *rest)

        return self.application(environ, start)


if __name__ == "__main__":
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), Translated(application), threaded=True)
