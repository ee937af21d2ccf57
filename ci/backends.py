"""The example backends as child processes, and the suite against them: what `bench`, `bench-broadcasts` and `soak` share."""

import contextlib
import os
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "conformance"
NAMES = ["fastapi", "node"]
CONFIG = ROOT / "fixtures" / "backends" / "conformance.toml"
WEBHOOK_SECRET = tomllib.loads(CONFIG.read_text())["trigger"]["secret"]


def build():
    """Builds the suite as its users do."""
    subprocess.run(["cargo", "build", "--quiet", "--release", "--package", "conformance"], cwd=ROOT, check=True)


def start(command, environment):
    """A backend's process, on a free port; it ends with this one."""
    fixed = {"PORT": "0", "EXIT_WITH_PARENT": "1"}
    return subprocess.Popen(command, env=os.environ | fixed | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def listening(process, name):
    """The URL that a started backend says it listens on."""
    for line in process.stdout:
        if line.startswith("listening on "):
            return line.removeprefix("listening on ").strip()
    sys.exit(f"error: {name} did not start")


@contextlib.contextmanager
def running(name, **environment):
    """A backend on a free port; gives its URL and the configuration file, and ends it."""
    program = ROOT / "fixtures" / "backends" / name / "start"
    subprocess.run([program, "--install"], check=True)
    heartbeat = {"PING_INTERVAL_MS": "500", "PING_TIMEOUT_MS": "3000"}  # the usual one outlasts everything else
    environment = {"WEBHOOK_SECRET": WEBHOOK_SECRET} | heartbeat | environment
    process = start([program], environment)
    try:
        yield listening(process, name), CONFIG
    finally:
        process.terminate()
        process.wait(timeout=10)


def suite(target, config, *arguments):
    """One run of the suite; on the embedded mock where there is no target. Returns the exit code."""
    command = [SUITE, "run", *arguments]
    if target:
        command += ["--target", target, "--config", config]
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if ended.returncode not in (0, 1, 3):  # there is no report then
        sys.exit(ended.stderr)
    return ended.returncode
