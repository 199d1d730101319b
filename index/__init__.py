"""From words to candidate codes: dictionary, lexical and dense search over the code stems of one release."""

import os

# onnxruntime starts a telemetry thread when it is imported: nothing may leave this machine, and a child forked from a process with that
# thread hangs when it exits (seen with 1.32). The switch counts only before the first import, so it stands at the door of the package.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
