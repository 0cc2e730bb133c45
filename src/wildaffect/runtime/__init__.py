"""The one inference runtime (OpenVINO): every network of the light core runs through it.

Where `openvino_telemetry` can be imported, `import openvino` reports itself to a web
analytics service and writes a client number into the home folder, without asking. Hidden
here before anything imports OpenVINO, it makes OpenVINO take its own stub; a test watches.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
