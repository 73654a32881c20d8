"""Asks pip-audit whether anything installed has a known fault. Without advisory data it says so, and is content.

Exit 0: no advisory, or no data; 1: at least one advisory, which is listed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

PATIENCE = 600  # seconds
SERVICES = ("pypi", "osv")


def dependencies(service: str) -> list[dict[str, Any]]:
    """What pip-audit says of each package that it has data of; nothing if it has none, or cannot be reached."""
    command = [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--vulnerability-service", service], capture_output=True, timeout=PATIENCE, check=False
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return [each for each in found if "skip_reason" not in each]


def main() -> int:
    for service in SERVICES:
        known = dependencies(service)
        if known:
            break
    else:
        print(f"No advisory data was at hand ({', '.join(SERVICES)}): the installed packages are NOT audited.")
        return 0
    faulty = [each for each in known if each["vulns"]]
    print(f"{len(known)} installed packages audited with {service}: {len(faulty)} with advisories.")
    for each in faulty:
        for fault in each["vulns"]:
            mended = ", ".join(fault["fix_versions"]) or "no version yet"
            print(f"  {each['name']} {each['version']}: {fault['id']}, mended in {mended}")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
