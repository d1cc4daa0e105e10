"""Starting the services' processes without containers, and talking to them."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

START_SECONDS = 60
# Longer than server.shutdown_grace_seconds.
STOP_SECONDS = 40


class Machine:
    """The program, a folder for what it writes, and every process that was started."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.started = []

    def run(self, arguments, environment):
        """Runs a command to its end."""
        command = [self.program, *arguments]
        given = {"env": environment, "cwd": self.folder, "timeout": START_SECONDS}
        return subprocess.run(command, capture_output=True, text=True, check=False, **given)

    def start(self, name, arguments, environment):
        log = os.path.join(self.folder, f"{name}.log")
        with open(log, "w", encoding="utf-8") as file:
            process = subprocess.Popen(
                [self.program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.folder,
            )
        started = Process(name, process, log)
        self.started.append(started)
        return started

    def show_logs(self):
        for process in self.started:
            print(f"--- {process.name}\n{process.output()[-4000:]}")

    def kill_all(self):
        for process in self.started:
            if process.popen.poll() is None:
                process.popen.kill()
                process.popen.wait()


class Process:
    def __init__(self, name, popen, log):
        self.name = name
        self.popen = popen
        self.log = log

    def output(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def address(self):
        """Where it listens, once it does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = re.search(r"listening on (http://\S+)", self.output())
            if found:
                return found[1]
            assert self.popen.poll() is None, f"{self.name} ended with {self.popen.returncode}"
            time.sleep(0.05)
        raise AssertionError(f"{self.name} does not listen after {START_SECONDS} seconds")

    def stop(self):
        """Ends it as a supervisor does; its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(timeout=STOP_SECONDS)


class Api:
    """One server, optionally with somebody's token."""

    def __init__(self, origin, token=None):
        self.origin = origin
        self.token = token

    def call(self, method, path, body=None, headers=None):
        """Status and answer."""
        request = urllib.request.Request(f"{self.origin}/api/v1{path}", method=method, headers=headers or {})
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("content-type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or "null")

    def expect(self, status, method, path, body=None, headers=None):
        found, answer = self.call(method, path, body, headers)
        assert found == status, f"{method} {path}: {found} instead of {status}: {answer}"
        return answer

    def log_in(self, tenant, org, username, password):
        body = {"tenant_id": tenant, "org_id": org, "username": username, "password": password}
        return self.expect(200, "POST", "/auth/login", body)["access_token"]
