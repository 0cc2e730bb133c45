"""Inference runtime (OpenVINO) of all networks of the light core.

If `openvino_telemetry` is installed, `import openvino` reports to a web analytics service
and writes a client ID into the home folder, without consent. Hiding it before OpenVINO is
imported makes OpenVINO use its own stub; a test checks this.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
