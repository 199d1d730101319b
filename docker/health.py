"""Whether the process in this container answers: exit status 0 when HEALTH_URL is answered 200 within four seconds."""

import os
import sys
import urllib.request

URL = os.environ.get("HEALTH_URL", "http://127.0.0.1:8080/health/ready")

try:
    with urllib.request.urlopen(URL, timeout=4) as answer:  # noqa: S310 - the address of this very container
        sys.exit(0 if answer.status == 200 else 1)
except OSError:
    sys.exit(1)
