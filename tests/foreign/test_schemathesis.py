"""
Schemathesis against our OpenAPI document. It is not one of our packages: install it
anywhere, and name its program in SCHEMATHESIS; without it this is skipped.
"""

import os
import subprocess

import pytest

PROGRAM = os.environ.get("SCHEMATHESIS", "")
PHASES = os.environ.get("SCHEMATHESIS_PHASES", "examples,fuzzing")
EXAMPLES = max(1, round(50 * float(os.environ.get("EFFORT", "0.02"))))
# What else it checks is not promised: a well-formed id may still be of nothing.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "ignored_auth",
    "unsupported_method",
)


@pytest.mark.skipif(not PROGRAM, reason="SCHEMATHESIS is not set")
def test_every_answer_is_what_the_document_says(base, secret):
    ran = subprocess.run(
        [
            PROGRAM,
            "run",
            f"{base}/v1/openapi.json",
            f"--url={base}",
            f"--header=Authorization: Bearer {secret}",
            f"--checks={','.join(CHECKS)}",
            f"--max-examples={EXAMPLES}",
            f"--phases={PHASES}",
            "--seed=1",
            "--request-timeout=20",
            "--generation-database=none",
        ],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout[-6000:]
